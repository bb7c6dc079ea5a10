// The providers as rows of data. A look-alike of S3 is a row here and nothing else: what differs from the
// wire's base, and why. The rows feed `open`, the gate in `Store`, the conformance suite, the probe and
// the printed matrix. `evidence` says how the row is known: `tested` against a running server of that very
// kind, `documented` by the vendor, or `assumed`; `unsure` names single cells to probe before relying on.

import type { Capabilities } from './capabilities.ts'
import { withOverrides } from './capabilities.ts'

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB
const TiB = 1024 * GiB
const WEEK_SECONDS = 604_800

export type Wire = 's3' | 'gcs' | 'azure' | 'file' | 'memory'
export type Evidence = 'tested' | 'documented' | 'assumed'

/** Behaviour of the S3 wire that a look-alike does differently; the value is the reason. */
export interface S3Quirks {
  /** Pages by ListObjects (marker), not by V2 tokens. */
  listV1?: string
  /** Conditions on a write answer without having been looked at: never send them, refuse instead. */
  noConditionalWrites?: string
  /** Never send `x-amz-checksum-*`. */
  noChecksumHeaders?: string
  /** `If-Match` on a write wants the ETag without its quotes. */
  bareIfMatch?: string
  /** Metadata names come back with a hyphen for each underscore. */
  hyphenatedMetadata?: string
  /** A conditional write that lost a race answers 500 UnknownError, and has written nothing. */
  lostRaceIsUnknown?: string
}

export interface ProviderRow {
  id: string
  title: string
  /** The URI scheme that picks this row. */
  scheme: string
  wire: Wire
  /** How a store there is named. */
  example: string
  /** `{region}`, `{account}` and `{jurisdiction}` are filled in from the URI; absent: the URI must say. */
  endpoint?: string
  /** Used when the URI names none; absent where it must. */
  region?: string
  /** The bucket in the path, not in the host name. */
  pathStyle?: boolean
  /** Environment variables that hold this provider's own S3 keys, before AWS's. */
  keyVariables?: readonly [accessKeyId: string, secretAccessKey: string]
  quirks?: S3Quirks
  capabilities: Capabilities
  evidence: Evidence
  /** Cells, as `group.field`, that nobody has confirmed. */
  unsure?: readonly string[]
  /** What is done instead of what it cannot do, in a sentence. */
  instead?: string
}

const S3: Capabilities = {
  maxObjectBytes: 53_656_167_435_468, // 48.8 TiB, since December 2025
  put: {
    maxBytes: 5 * GiB,
    unknownLength: false,
    create: true,
    match: true,
    checksums: ['md5', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'],
  },
  delete: { batch: 1000, match: true },
  copy: { maxBytes: 5 * GiB, sourceMatch: true, create: true, match: true },
  list: { maxKeys: 1000, order: 'utf8' },
  multipart: {
    minPartBytes: 5 * MiB,
    maxPartBytes: 5 * GiB,
    maxParts: 10_000,
    equalParts: false,
    create: true,
    match: true,
    listParts: true,
    listUploads: true,
    digests: { part: 'md5', whole: ['crc64nvme', 'crc32c', 'crc32'] },
    pulls: 'provider',
  },
  presign: {
    actions: ['get', 'head', 'put', 'part', 'delete', 'form'],
    maxSeconds: WEEK_SECONDS,
    enforces: ['size', 'type', 'checksum', 'overwrite'],
    checksums: ['md5', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'],
  },
  metadata: { maxBytes: 2 * KiB, maxPairs: 100 },
  keys: { maxBytes: 1024 },
  classes: [
    'STANDARD',
    'STANDARD_IA',
    'ONEZONE_IA',
    'INTELLIGENT_TIERING',
    'GLACIER_IR',
    'GLACIER',
    'DEEP_ARCHIVE',
  ],
  tags: { max: 10 },
  versions: true,
  retention: true,
  setup: {
    cors: true,
    encryption: true,
    versioning: true,
    lifecycle: ['expire', 'transition', 'noncurrent', 'abort-multipart'],
  },
}

/** The careful base for an S3 that nobody has described: what every one of them is known to do, and no more. */
const PLAIN_S3 = withOverrides(S3, {
  maxObjectBytes: 5 * TiB,
  put: { create: false, match: false, checksums: ['md5'] },
  delete: { match: false },
  copy: { sourceMatch: false, create: false, match: false },
  multipart: { create: false, match: false, digests: { part: 'md5', whole: [] } },
  presign: {
    actions: ['get', 'head', 'put', 'part', 'delete'],
    enforces: ['size', 'type', 'checksum'],
    checksums: ['md5'],
  },
  classes: [],
  tags: null,
  versions: false,
  retention: false,
  setup: {
    cors: true,
    encryption: false,
    versioning: false,
    lifecycle: ['expire', 'abort-multipart'],
  },
})

const LOCAL: Capabilities = {
  maxObjectBytes: Number.MAX_SAFE_INTEGER,
  put: {
    maxBytes: Number.MAX_SAFE_INTEGER,
    unknownLength: true,
    create: true,
    match: true,
    checksums: ['md5', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'],
  },
  delete: { batch: 1000, match: true },
  copy: { maxBytes: Number.MAX_SAFE_INTEGER, sourceMatch: true, create: true, match: true },
  list: { maxKeys: 1000, order: 'utf8' },
  multipart: {
    minPartBytes: 1,
    maxPartBytes: 5 * GiB,
    maxParts: 10_000,
    equalParts: false,
    create: true,
    match: true,
    listParts: true,
    listUploads: true,
    digests: { part: null, whole: ['crc32c', 'crc64nvme', 'crc32', 'md5', 'sha256', 'sha1'] },
    pulls: null,
  },
  presign: null,
  metadata: { maxBytes: 8 * KiB, maxPairs: 100 },
  keys: { maxBytes: 1024 },
  classes: [],
  tags: { max: 10 },
  versions: false,
  retention: false,
  setup: { cors: false, encryption: false, versioning: false, lifecycle: [] },
}

const NO_CHECKSUM_HEADERS = {
  noChecksumHeaders: 'x-amz-checksum-* is not documented there; only Content-MD5 is safe',
}

export const PROVIDERS: readonly ProviderRow[] = [
  {
    id: 's3',
    title: 'Amazon S3',
    scheme: 's3',
    wire: 's3',
    example: 's3://bucket/prefix?region=eu-central-1',
    endpoint: 'https://s3.{region}.amazonaws.com',
    capabilities: S3,
    evidence: 'documented',
  },
  {
    id: 'gcs',
    title: 'Google Cloud Storage',
    scheme: 'gs',
    wire: 'gcs',
    example: 'gs://bucket/prefix',
    endpoint: 'https://storage.googleapis.com',
    capabilities: withOverrides(S3, {
      maxObjectBytes: 5 * TiB,
      put: {
        maxBytes: 5 * TiB,
        unknownLength: true,
        create: true,
        match: true,
        checksums: ['md5', 'crc32c'],
      },
      delete: { batch: 100, match: true },
      copy: { maxBytes: 5 * TiB, sourceMatch: true, create: true, match: true },
      list: { maxKeys: 1000, order: 'utf8' },
      // XML multipart looks at no condition, so a conditional completion goes through a temporary key
      // and a rewrite with the generation.
      multipart: {
        create: true,
        match: true,
        digests: { part: 'crc32c', whole: ['crc32c'] },
        pulls: null, // a rewrite copies, and knows no parts
      },
      presign: {
        actions: ['get', 'head', 'put', 'part', 'delete', 'form', 'resumable'],
        maxSeconds: WEEK_SECONDS,
        enforces: ['size', 'type', 'checksum', 'overwrite'],
        checksums: ['md5', 'crc32c'],
      },
      metadata: { maxBytes: 8 * KiB, maxPairs: 100 },
      classes: ['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE'],
      tags: null,
      versions: true,
      retention: true,
    }),
    evidence: 'documented',
    instead: 'Tags are kept in metadata by whoever needs them; GCS has none on objects.',
  },
  {
    id: 'azure',
    title: 'Azure Blob Storage',
    scheme: 'az',
    wire: 'azure',
    example: 'az://account/container/prefix',
    endpoint: 'https://{account}.blob.core.windows.net',
    capabilities: withOverrides(S3, {
      maxObjectBytes: 209_715_200_000_000, // 50,000 blocks of 4,000 MiB
      put: {
        maxBytes: 5_000 * MiB,
        unknownLength: false,
        create: true,
        match: true,
        checksums: ['md5', 'crc64nvme'],
      },
      delete: { batch: 256, match: true },
      copy: { maxBytes: 209_715_200_000_000, sourceMatch: true, create: true, match: true },
      list: { maxKeys: 5000, order: 'utf16' },
      multipart: {
        minPartBytes: 1,
        maxPartBytes: 4_000 * MiB,
        maxParts: 50_000,
        create: true,
        match: true,
        digests: { part: 'crc64nvme', whole: [] },
        pulls: 'anywhere',
      },
      presign: {
        actions: ['get', 'head', 'put', 'part', 'delete'],
        maxSeconds: WEEK_SECONDS,
        enforces: ['overwrite'], // a SAS binds permissions, never the headers of a request
        checksums: [],
      },
      metadata: { maxBytes: 8 * KiB, maxPairs: 100 },
      classes: ['Hot', 'Cool', 'Cold', 'Archive'],
      tags: { max: 10 },
      versions: true,
      retention: true,
      // Lifecycle and versioning belong to the account's management plane: printed as commands.
      setup: { cors: true, encryption: false, versioning: false, lifecycle: [] },
    }),
    evidence: 'documented',
    unsure: ['list.order'],
    instead:
      'A SAS cannot hold size, type or checksum: completion verifies them. Lifecycle, versioning and encryption are printed as az commands.',
  },
  {
    id: 'r2',
    title: 'Cloudflare R2',
    scheme: 'r2',
    wire: 's3',
    example: 'r2://account/bucket/prefix',
    endpoint: 'https://{account}.{jurisdiction}r2.cloudflarestorage.com',
    region: 'auto',
    pathStyle: true,
    keyVariables: ['R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY'],
    capabilities: withOverrides(S3, {
      maxObjectBytes: 5 * TiB - 5 * GiB,
      put: { maxBytes: 5 * GiB - 5 * MiB },
      delete: { match: false },
      copy: { maxBytes: 5 * GiB - 5 * MiB, sourceMatch: true, create: false, match: false },
      multipart: {
        maxPartBytes: 5 * GiB - 5 * MiB,
        equalParts: true,
        create: false,
        match: false,
        digests: { part: 'md5', whole: ['crc64nvme'] },
      },
      presign: { actions: ['get', 'head', 'put', 'part', 'delete'] },
      metadata: { maxBytes: 8 * KiB },
      classes: ['STANDARD', 'STANDARD_IA'],
      tags: null,
      versions: false,
      retention: false,
      setup: {
        encryption: 'always',
        versioning: false,
        lifecycle: ['expire', 'transition', 'abort-multipart'],
      },
    }),
    evidence: 'documented',
    unsure: ['put.checksums', 'presign.checksums', 'multipart.create', 'multipart.match'],
    instead:
      'No browser form: a signed PUT instead. A multipart upload cannot be committed under a condition.',
  },
  {
    id: 'b2',
    title: 'Backblaze B2',
    scheme: 'b2',
    wire: 's3',
    example: 'b2://bucket/prefix?region=us-west-004',
    endpoint: 'https://s3.{region}.backblazeb2.com',
    pathStyle: true,
    keyVariables: ['B2_APPLICATION_KEY_ID', 'B2_APPLICATION_KEY'],
    quirks: {
      noConditionalWrites: 'a PUT with If-None-Match or If-Match answers 501 NotImplemented',
    },
    capabilities: withOverrides(PLAIN_S3, {
      maxObjectBytes: 10_000_000_000_000,
      put: {
        maxBytes: 5_000_000_000,
        checksums: ['md5', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'],
      },
      copy: { maxBytes: 5_000_000_000 },
      multipart: { minPartBytes: 5_000_000, maxPartBytes: 5_000_000_000 },
      presign: { checksums: ['md5', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] },
      metadata: { maxBytes: 2 * KiB, maxPairs: 10 },
      versions: true,
      retention: true,
      setup: { encryption: true, lifecycle: ['expire', 'noncurrent', 'abort-multipart'] },
    }),
    evidence: 'documented',
    unsure: ['presign.checksums', 'setup.cors'],
    instead:
      'No conditional writes: creates and compare-and-set are refused, so the ledger must live elsewhere. A delete hides; a lifecycle rule frees the bytes.',
  },
  {
    id: 'wasabi',
    title: 'Wasabi',
    scheme: 'wasabi',
    wire: 's3',
    example: 'wasabi://bucket/prefix?region=eu-central-1',
    endpoint: 'https://s3.{region}.wasabisys.com',
    keyVariables: ['WASABI_ACCESS_KEY_ID', 'WASABI_SECRET_ACCESS_KEY'],
    quirks: NO_CHECKSUM_HEADERS,
    capabilities: withOverrides(PLAIN_S3, {
      put: { maxBytes: 5_000_000_000 },
      copy: { maxBytes: 5_000_000_000 },
      tags: { max: 10 },
      versions: true,
      retention: true,
      setup: {
        encryption: true,
        versioning: true,
        lifecycle: ['expire', 'noncurrent', 'abort-multipart'],
      },
    }),
    evidence: 'documented',
    unsure: [
      'put.create',
      'put.match',
      'put.checksums',
      'copy.sourceMatch',
      'presign.actions',
      'setup.cors',
    ],
    instead: 'Conditional writes are undocumented and refused until a probe finds them.',
  },
  {
    id: 'spaces',
    title: 'DigitalOcean Spaces',
    scheme: 'spaces',
    wire: 's3',
    example: 'spaces://bucket/prefix?region=fra1',
    endpoint: 'https://{region}.digitaloceanspaces.com',
    keyVariables: ['SPACES_ACCESS_KEY_ID', 'SPACES_SECRET_ACCESS_KEY'],
    quirks: {
      ...NO_CHECKSUM_HEADERS,
      listV1: 'paging by ListObjectsV2 is documented as unsupported',
    },
    capabilities: withOverrides(PLAIN_S3, {
      put: { maxBytes: 5_000_000_000 },
      copy: { maxBytes: 5_000_000_000 },
      versions: true,
      setup: { versioning: true, lifecycle: ['expire', 'abort-multipart'] },
    }),
    evidence: 'documented',
    unsure: ['put.create', 'put.match', 'put.checksums', 'copy.sourceMatch', 'presign.actions'],
    instead: 'No tags, no object lock; the class belongs to the bucket.',
  },
  {
    id: 'minio',
    title: 'MinIO',
    scheme: 'minio',
    wire: 's3',
    example: 'minio://bucket/prefix?endpoint=http://127.0.0.1:9000',
    region: 'us-east-1',
    pathStyle: true,
    capabilities: withOverrides(S3, {
      maxObjectBytes: 5 * TiB,
      delete: { match: false },
      copy: { create: false, match: false },
      classes: [],
      setup: { cors: false },
    }),
    evidence: 'assumed',
    unsure: ['put.match', 'multipart.create', 'multipart.match'],
    instead: 'CORS is set for the whole server, not by bucket.',
  },
  {
    id: 'ceph',
    title: 'Ceph RADOS Gateway',
    scheme: 'ceph',
    wire: 's3',
    example: 'ceph://bucket/prefix?endpoint=https://rgw.example.com',
    region: 'default',
    pathStyle: true,
    quirks: {
      noChecksumHeaders: 'x-amz-checksum-* is neither verified nor returned',
      bareIfMatch: 'a quoted ETag in If-Match never matches on a PUT',
      hyphenatedMetadata: 'the gateway takes an underscore in a header for a hyphen',
      lostRaceIsUnknown: 'its index refuses the loser with an error that has no S3 code',
    },
    capabilities: withOverrides(S3, {
      maxObjectBytes: 5 * TiB,
      put: { checksums: ['md5'] },
      delete: { match: false },
      copy: { sourceMatch: false, create: false, match: false },
      multipart: { create: false, match: false, digests: { part: 'md5', whole: [] } },
      presign: { checksums: ['md5'] },
      classes: ['STANDARD'],
      // Its versioned buckets overwrite in spite of If-None-Match; the record is that of an unversioned one.
      versions: false,
      retention: false,
      setup: { versioning: false },
    }),
    evidence: 'tested',
    instead:
      'Conditions on copies, deletes and completions are ignored there, so they are refused here. In a versioned bucket conditional writes are ignored too: use an unversioned one, or let a probe write that down.',
  },
  {
    id: 's3-compatible',
    title: 'Any other S3',
    scheme: 's3',
    wire: 's3',
    example: 's3://bucket/prefix?endpoint=https://s3.example.com',
    region: 'us-east-1',
    pathStyle: true,
    quirks: NO_CHECKSUM_HEADERS,
    capabilities: PLAIN_S3,
    evidence: 'assumed',
    unsure: ['put.create', 'put.match', 'put.checksums', 'presign.actions', 'tags', 'versions'],
    instead:
      'Only what every S3 does is taken for granted; a probe finds the rest and can write it down.',
  },
  {
    id: 'file',
    title: 'A local folder',
    scheme: 'file',
    wire: 'file',
    example: 'file:./data',
    capabilities: withOverrides(LOCAL, {
      presign: {
        actions: ['get', 'head', 'put', 'part', 'delete'],
        maxSeconds: WEEK_SECONDS,
        enforces: ['size', 'type', 'checksum', 'overwrite'],
        checksums: ['md5', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'],
      },
    }),
    evidence: 'tested',
    instead: 'Signed URLs are honoured by the local server.',
  },
  {
    id: 'memory',
    title: 'Memory',
    scheme: 'memory',
    wire: 'memory',
    example: 'memory:name',
    capabilities: withOverrides(LOCAL, {
      versions: true,
      classes: ['STANDARD', 'ARCHIVE'],
      retention: true,
    }),
    evidence: 'tested',
    instead: 'Gone with the process: for tests.',
  },
]

/** What the R2 binding of a Worker does otherwise than R2's S3 endpoint. */
export const R2_BINDING_OVERRIDES = {
  put: {
    maxBytes: 5 * GiB - 5 * MiB,
    unknownLength: false,
    create: true,
    match: true,
    checksums: ['md5', 'sha1', 'sha256'],
  },
  copy: null,
  multipart: {
    minPartBytes: 5 * MiB,
    maxPartBytes: 5 * GiB - 5 * MiB,
    maxParts: 10_000,
    equalParts: true,
    create: false,
    match: false,
    listParts: false,
    listUploads: false,
    digests: { part: null, whole: [] },
    pulls: null,
  },
} as const
