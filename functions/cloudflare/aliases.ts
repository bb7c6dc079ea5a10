// A Worker is bundled with the packages' browser builds, since their Node builds want sockets. Where a
// browser build wants what only a page has, or leaves out what we need, this names the file to take instead.

/** For esbuild's `alias`; `root` ends in a slash. */
export function workerAliases(root: string): Record<string, string> {
  const packages = `${root}node_modules`
  return {
    // Parses XML with the page's DOMParser: https://github.com/aws/aws-sdk-js-v3/issues/7375
    '@aws-sdk/xml-builder': `${packages}/@aws-sdk/xml-builder/dist-cjs/index.js`,
    'node-fetch': `${root}functions/cloudflare/node-fetch.ts`,
  }
}
