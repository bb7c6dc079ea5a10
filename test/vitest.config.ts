// How the tests run: two workers, one set of servers a run, a last line that counts. What kills processes
// or drives a browser runs alone, after the rest, and only with SKEIN_SERVERS=all.

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const ALONE = ['test/**/*.kill.test.ts', 'test/**/*.browser.test.ts']
const everything = process.env['SKEIN_SERVERS'] === 'all'

// No SDK may look for a metadata service or a profile of this machine's user.
const env = {
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_CONFIG_FILE: '/dev/null',
}

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    globalSetup: ['test/harness/global-setup.ts'],
    reporters: ['default', './test/harness/reporter.ts'],
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: ALONE,
          env,
          sequence: { groupOrder: 0 },
        },
      },
      ...(everything
        ? [
            {
              extends: true as const,
              test: {
                name: 'alone',
                include: ALONE,
                env,
                maxWorkers: 1,
                fileParallelism: false,
                sequence: { groupOrder: 1 },
              },
            },
          ]
        : []),
    ],
  },
})
