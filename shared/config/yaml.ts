// What of `yaml` is used, in a file to import when it is needed: a bundle gives the names of a CommonJS
// package to a static import alone.

export { parseDocument, stringify } from 'yaml'
