// What of Google's library is used, in a file to import when it is needed: a bundle gives the names of a
// CommonJS package to a static import alone.

export { GoogleAuth } from 'google-auth-library'
