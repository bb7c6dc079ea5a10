import { test, inject } from 'vitest'
import { probeStore, testStore } from '#shared/storage/probe.ts'
import {
  describeS3,
  describeGcs,
  describeAzurite,
  describeRadosgw,
} from '../harness/descriptions.ts'
import { openFolders } from '../harness/folders.ts'
import { targetOf, differences, unknowns, tracesIn } from './probe-target.ts'
const servers = inject('servers')
const folders = await openFolders()
const rgw = await describeRadosgw(servers)
const all = [
  await describeS3(servers, { name: 's3', row: 's3', parameters: { region: 'us-east-1' } }),
  await describeS3(servers, {
    name: 's3v',
    row: 's3',
    parameters: { region: 'us-east-1' },
    versioning: 'Enabled',
  }),
  await describeS3(servers, { name: 's3-compatible over amazon' }),
  await describeS3(servers, {
    name: 'b2',
    scheme: 'b2://',
    dialect: 'b2',
    parameters: { region: 'us-west-004' },
  }),
  await describeS3(servers, { name: 'r2', scheme: 'r2://account/', dialect: 'r2' }),
  await describeS3(servers, { name: 'minio over spaces', scheme: 'minio://', dialect: 'spaces' }),
  await describeS3(servers, { name: 'minio over r2', scheme: 'minio://', dialect: 'r2' }),
  await describeS3(servers, {
    name: 'minio over b2',
    scheme: 'minio://',
    dialect: 'b2',
    parameters: { region: 'us-west-004' },
  }),
  await describeGcs(servers),
  await describeGcs(servers, { versioning: true, hmac: true }),
  await describeAzurite(servers),
  folders.description,
  { name: 'memory', uri: 'memory:{place}' },
  ...(typeof rgw === 'string' ? [] : [rgw]),
]
for (const d of all)
  test(d.name, { timeout: 60000 }, async () => {
    const target = targetOf(d)
    const t0 = Date.now()
    const tested = await testStore(target)
    const probed = await probeStore(target)
    console.log(
      d.name,
      Date.now() - t0,
      'ms',
      JSON.stringify(
        {
          checks: tested.checks.filter((c) => c.outcome !== 'ok'),
          lo: tested.leftover,
          diff: differences(probed.findings),
          hows: probed.findings
            .filter((f) => f.found !== null && f.found !== f.recorded)
            .map((f) => f.cell + ': ' + f.how),
          unk: unknowns(probed.findings),
          left: probed.leftover,
          traces: await tracesIn(target).catch((e) => e.message),
        },
        null,
        1,
      ),
    )
  })
