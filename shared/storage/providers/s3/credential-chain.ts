// Amazon's own chain of credentials, in a file to import when it is needed: a bundle gives the names of a
// CommonJS package to a static import alone.

export { defaultProvider } from '@aws-sdk/credential-provider-node'
