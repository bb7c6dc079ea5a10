// Stands in for `node-fetch` in a Worker, where google-auth-library imports it: the runtime's own fetch does
// all that is asked of it. The original wants sockets.

export default (input: RequestInfo | URL, init?: RequestInit): Promise<Response> =>
  fetch(input, init)
