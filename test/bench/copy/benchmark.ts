// Copies from S3 to S3 beside rclone's: many small objects, large ones, and large ones in a Worker.

import { join } from 'node:path'
import { buildTarget } from '../../../functions/build.ts'
import { inScratchFolder } from '../bundles.ts'
import type { Outcome } from '../report.ts'
import { inWorkerd } from './in-workerd.ts'
import { GiB, large } from './large.ts'
import type { Peer } from './peers.ts'
import { rclone, rcloneVersion, skein } from './peers.ts'
import { startKnown } from './servers.ts'
import { small } from './small.ts'

export async function copy(tell: (line: string) => void): Promise<Outcome> {
  return inScratchFolder(async (folder) => {
    await buildTarget('node', join(folder, 'node'))
    const installed = await rcloneVersion()
    tell(installed ?? 'rclone is missing (apt-get install rclone): nothing to compare with')
    const peers: Record<string, Peer> = {
      skein: skein(join(folder, 'node/cli.mjs')),
      ...(installed && { rclone }),
    }
    const outcomes = [await small(peers, tell), ...(await largeOnes(peers, folder, tell))]
    return {
      checks: outcomes.flatMap(({ checks }) => checks),
      results: outcomes.flatMap(({ results }) => results),
    }
  })
}

async function largeOnes(
  peers: Record<string, Peer>,
  folder: string,
  tell: (line: string) => void,
): Promise<Outcome[]> {
  tell('preparing known content')
  const [source, target] = await Promise.all([
    startKnown({ 'source-2g/object': 2 * GiB, 'source-8g/object': 8 * GiB }),
    startKnown({ parts: 8 * GiB }),
  ])
  const ends = { source, target }
  try {
    return [await large(peers, ends, tell), await inWorkerd(ends, join(folder, 'worker'), tell)]
  } finally {
    await Promise.all([source.stop(), target.stop()])
  }
}
