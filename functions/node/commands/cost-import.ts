// `cost import`: a provider's own log of a store, added up by day and prefix. Where a day is in a log, it is
// believed, and says how far the count of signed downloads was off. The same file twice counts once.

import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import type { Reading } from '#shared/cost/import/access-line.ts'
import { readAzureLog } from '#shared/cost/import/azure-log.ts'
import { readGcsLog } from '#shared/cost/import/gcs-log.ts'
import { readS3AccessLog } from '#shared/cost/import/s3-access-log.ts'
import type { InventoryLine, InventoryReader } from '#shared/cost/import/s3-inventory.ts'
import { inventoryReader } from '#shared/cost/import/s3-inventory.ts'
import { inventoryOfLines } from '#shared/cost/inventory.ts'
import { keepImported, keepInventory } from '#shared/cost/ledger.ts'
import { addUpLines } from '#shared/cost/usage.ts'
import type { Ledger } from '#shared/jobs/ledger.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import type { Store } from '#shared/storage/store.ts'
import { openSuite } from '#shared/suite.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'
import { storesOf } from '#shared/workspaces/workspace.ts'
import { formatCount } from '../terminal/format.ts'
import type { CommandRow, Context } from './command.ts'
import { UsageError } from './command.ts'
import { workspaceNamed } from './jobs-here.ts'

const READERS: Readonly<Record<string, (line: string) => Reading>> = {
  s3: readS3AccessLog,
  azure: readAzureLog,
  gcs: readGcsLog,
}

export const costImport: CommandRow = {
  name: 'cost import',
  parameters: '<workspace> <store> <files...>',
  summary: 'Count requests from a provider’s own logs',
  about:
    'S3 server access logs, Azure’s resource logs and classic storage logs, Cloud Storage usage logs; gzipped where the name ends so. With --inventory, what a workspace of one store holds, without listing it.',
  options: [
    { flags: '--of <provider>', summary: 's3, azure or gcs (the store’s own)' },
    {
      flags: '--inventory <columns>',
      summary:
        'the files are S3 Inventories in CSV, with these columns (fileSchema of the manifest)',
    },
  ],
  examples: [['skein cost import app photos logs/2026-11-*', 'a month of S3 access logs']],
  async run(context, [name, storeName, ...files], options) {
    const suite = openSuite(await context.config(), context.platform)
    const workspace = workspaceNamed(suite, name!)
    const store = storesOf(workspace).find((one) => one.name === storeName)
    if (!store) throw new UsageError(`${name} has no store "${storeName}".`)
    const ledger = createLedger(suite.store(suite.config.ledger ?? workspace.primary.name))
    const into = { workspace, store, ledger, files }
    const columns = options.text('inventory')
    if (columns !== undefined) return importInventory(context, into, columns)
    return importLogs(context, into, options.text('of') ?? store.row.wire)
  },
}

interface Into {
  workspace: Workspace
  store: Store
  ledger: Ledger
  files: readonly string[]
}

async function importInventory(
  { platform, out }: Context,
  { workspace, store, ledger, files }: Into,
  columns: string,
): Promise<void> {
  const { name, replicas } = workspace
  if (replicas.length > 0)
    throw new UsageError(`An S3 Inventory tells of one store, and ${name} has more: it is listed.`)
  const lines = inventoryLines(files, inventoryReader(columns), store.bucket)
  const { objects, ...record } = await inventoryOfLines(name, store, lines, platform.now())
  await keepInventory(ledger, record)
  out.answer({ objects }, () => `${formatCount(objects)} objects.`)
}

async function importLogs(
  { out }: Context,
  { workspace, store, ledger, files }: Into,
  wire: string,
): Promise<void> {
  const read = READERS[wire]
  if (!read)
    throw new UsageError(`There is no log of "${wire}", only ${Object.keys(READERS).join(', ')}.`)
  let lines = 0
  let counted = 0
  for (const file of files) {
    const sums = addUpLines(store.name, store.prefix)
    for await (const line of linesIn(file)) {
      lines++
      const found = read(line)
      if (found && (found.bucket === '' || found.bucket === store.bucket)) sums.add(found)
    }
    counted += sums.lines
    if (sums.lines > 0) await keepImported(ledger, workspace.name, sums.rows())
  }
  out.answer({ lines, counted }, () => {
    return `${formatCount(counted)} of ${formatCount(lines)} lines are requests to ${store.name}.`
  })
}

async function* inventoryLines(
  files: readonly string[],
  read: InventoryReader,
  bucket: string,
): AsyncGenerator<InventoryLine> {
  for (const file of files) {
    for await (const line of linesIn(file)) {
      const found = read(line)
      if (found && found.bucket === bucket) yield found
    }
  }
}

function linesIn(file: string): AsyncIterable<string> {
  const bytes = createReadStream(file)
  const input = file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes
  return createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
}
