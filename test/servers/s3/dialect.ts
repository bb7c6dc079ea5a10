// How a bucket's provider differs from Amazon S3, as data. The server reads these fields where the
// behaviour differs, and never asks which provider it plays.

export type Dialect = {
  /** The regions a signature's scope may name; the first is the bucket's own. Empty: the server's. */
  readonly regions: readonly string[]
  /** `create` knows If-None-Match: * alone; `none` answers 501 to every condition on a write. */
  readonly conditionalWrites: 'all' | 'create' | 'none'
  /** R2: all parts of an upload but the last must have one size. */
  readonly equalParts: boolean
  /** `none` refuses every additional checksum header and computes none. */
  readonly checksums: 'all' | 'none'
  readonly postPolicy: boolean
  readonly tags: boolean
  /** False: ListObjectsV2 neither gives nor understands a continuation token. */
  readonly listV2Paging: boolean
  readonly versioning: 'configurable' | 'off' | 'always'
  readonly storageClasses: readonly string[]
  readonly minPartBytes: number
  readonly maxParts: number
  /** How long after RestoreObject the bytes can be read, on the server's clock. */
  readonly restoreMs: number
}

const hour = 3_600_000

/** Amazon S3 itself. */
export const amazon: Dialect = {
  regions: [],
  conditionalWrites: 'all',
  equalParts: false,
  checksums: 'all',
  postPolicy: true,
  tags: true,
  listV2Paging: true,
  versioning: 'configurable',
  storageClasses: [
    'STANDARD',
    'REDUCED_REDUNDANCY',
    'STANDARD_IA',
    'ONEZONE_IA',
    'INTELLIGENT_TIERING',
    'GLACIER_IR',
    'GLACIER',
    'DEEP_ARCHIVE',
  ],
  minPartBytes: 5 * 1024 * 1024,
  maxParts: 10_000,
  restoreMs: 4 * hour,
}

/** Differences of look-alikes that tests use by name. */
export const lookAlikes: Readonly<Record<string, Partial<Dialect>>> = {
  amazon: {},
  r2: {
    regions: ['auto', 'us-east-1'],
    equalParts: true,
    postPolicy: false,
    tags: false,
    versioning: 'off',
    storageClasses: ['STANDARD', 'STANDARD_IA'],
  },
  b2: {
    regions: ['us-west-004'],
    conditionalWrites: 'none',
    postPolicy: false,
    tags: false,
    versioning: 'always',
    storageClasses: ['STANDARD'],
  },
  spaces: {
    conditionalWrites: 'none',
    checksums: 'none',
    tags: false,
    listV2Paging: false,
    storageClasses: ['STANDARD'],
  },
}
