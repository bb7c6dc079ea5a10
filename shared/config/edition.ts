// Of what makes a configuration right, and of what it comes to. Made by `npm run generate`.

export const EDITION = '0.1.0-N4LR0THvN88a'
