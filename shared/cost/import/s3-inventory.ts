// A line of an S3 Inventory report in CSV. The report's manifest names the columns (`fileSchema`), since the
// lines do not: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html

import { StorageError } from '#shared/storage/errors.ts'
import { decodeKey, timeOf, wholeNumber } from './access-line.ts'
import { csvFields } from './csv.ts'

export interface InventoryLine {
  bucket: string
  key: string
  bytes: number
  modified: Date
  storageClass: string
}

export type InventoryReader = (line: string) => InventoryLine | undefined

const NEEDED = ['Bucket', 'Key', 'Size', 'LastModifiedDate'] as const

/** Old versions and delete markers are passed over: a report of all versions counts what is current. */
export function inventoryReader(fileSchema: string): InventoryReader {
  const columns = fileSchema.split(',').map((name) => name.trim())
  const missing = NEEDED.filter((name) => !columns.includes(name))
  if (missing.length > 0) {
    const message = `The S3 Inventory has no column ${missing.join(', ')}; add it to the inventory's configuration.`
    throw new StorageError('invalid', message)
  }
  return (line) => {
    const fields = csvFields(line)
    const field = (name: string) => fields[columns.indexOf(name)]
    const modified = timeOf(field('LastModifiedDate') ?? '')
    const key = field('Key')
    if (key === undefined || modified === undefined) return undefined
    if (field('IsLatest') === 'false' || field('IsDeleteMarker') === 'true') return undefined
    return {
      ...{ bucket: field('Bucket') ?? '', key: decodeKey(key.replaceAll('+', ' ')), modified },
      ...{ bytes: wholeNumber(field('Size')), storageClass: field('StorageClass') ?? 'STANDARD' },
    }
  }
}
