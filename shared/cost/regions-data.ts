// Where regions are, in a file to import when it is needed.

export { default } from './regions.json' with { type: 'json' }
