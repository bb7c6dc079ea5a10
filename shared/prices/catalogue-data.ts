// The catalogue, in a file to import when it is needed.

export { default } from './catalogue.json' with { type: 'json' }
