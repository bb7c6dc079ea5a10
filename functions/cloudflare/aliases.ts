// A Worker is bundled with the packages' browser builds, since their Node builds want sockets. Where a
// package wants what no Worker has, or is too much for its start, this names the file to take instead.

/** For esbuild's `alias`; `root` ends in a slash. */
export function workerAliases(root: string): Record<string, string> {
  return {
    '@aws-sdk/credential-provider-node': `${root}functions/cloudflare/no-credential-chain.ts`,
    'google-auth-library': `${root}functions/cloudflare/google-auth.ts`,
  }
}
