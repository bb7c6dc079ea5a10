// The committed document, in a file to import when it is asked for.

export { default } from './openapi.json' with { type: 'json' }
