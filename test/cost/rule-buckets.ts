// Buckets that keep lifecycle rules, as their owners see them: what rules there are by name, and a rule of the owner's
// own put beside them.

import type { LifecycleRule } from '@aws-sdk/client-s3'
import { inject, onTestFinished } from 'vitest'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { gcsStore, s3Store } from '../copy/stores.ts'
import { ownerOf } from '../providers/setup-s3-bucket.ts'

export interface RuleBucket {
  description: StoreDescription
  /** Of each rule its name, where it has one, and all that it says. */
  rules(): Promise<{ name: string | undefined; says: string }[]>
  /** Adds one of the owner's, which has nothing to do with ours. */
  addOwn(prefix?: string): Promise<void>
  /** Makes every rule of ours wait a day longer. */
  editOurs(): Promise<void>
  /** As many rules and settings as the owner had before, with theirs as they were. */
  isOwners(): Promise<boolean>
}

const servers = inject('servers')
const OWN_PREFIX = 'own/'

export async function s3Bucket(): Promise<RuleBucket> {
  const description = await s3Store(servers)
  return s3RulesOf(description, servers.s3, description.control!.bucket, 'us-east-1')
}

export function s3RulesOf(
  description: StoreDescription,
  server: { url: string; accessKeyId: string; secretAccessKey: string },
  bucket: string,
  region: string,
): RuleBucket {
  const owner = ownerOf(server.url, bucket, server, region)
  onTestFinished(() => owner.client.destroy())
  const ownRule = (prefix: string): LifecycleRule => ({
    ...{ ID: 'mine', Status: 'Enabled', Filter: { Prefix: prefix } },
    Transitions: [{ Days: 60, StorageClass: 'GLACIER' }],
  })
  const isOurs = ({ ID }: LifecycleRule) => ID?.includes('-cost-') ?? false
  return {
    description,
    async rules() {
      const rules = await owner.lifecycle()
      return rules.map((rule) => ({ name: rule.ID, says: JSON.stringify(rule) }))
    },
    async addOwn(prefix = OWN_PREFIX) {
      await owner.putLifecycle([...(await owner.lifecycle()), ownRule(prefix)])
    },
    async editOurs() {
      const longer = (rule: LifecycleRule): LifecycleRule => ({
        ...rule,
        Transitions: (rule.Transitions ?? []).map((one) => ({ ...one, Days: one.Days! + 1 })),
      })
      const rules = await owner.lifecycle()
      await owner.putLifecycle(rules.map((rule) => (isOurs(rule) ? longer(rule) : rule)))
    },
    async isOwners() {
      const rules = await owner.lifecycle()
      return rules.length === 1 && rules[0]!.ID === 'mine'
    },
  }
}

interface GcsRule {
  action: { type: string; storageClass?: string }
  condition: { age?: number; matchesPrefix?: string[] }
}

interface Resource {
  lifecycle?: { rule?: GcsRule[] }
  labels?: Record<string, string>
}

export async function gcsBucket(): Promise<RuleBucket> {
  const description = await gcsStore(servers)
  const { url, bucket } = description.control!
  const owner = async (method: 'GET' | 'PATCH', given?: Resource): Promise<Resource> => {
    const answer = await fetch(`${url}/storage/v1/b/${bucket}`, {
      ...{ method, ...(given && { body: JSON.stringify(given) }) },
      headers: {
        authorization: `Bearer ${await ownerToken(url)}`,
        'content-type': 'application/json',
      },
    })
    if (!answer.ok) throw new Error(`The bucket's owner was answered ${answer.status}.`)
    return (await answer.json()) as Resource
  }
  const rulesOf = ({ lifecycle }: Resource): GcsRule[] => lifecycle?.rule ?? []
  const ownRule = (prefix: string): GcsRule => ({
    action: { type: 'SetStorageClass', storageClass: 'ARCHIVE' },
    condition: { age: 700, matchesPrefix: [prefix] },
  })
  const isOwn = ({ condition }: GcsRule) => condition.age === 700
  return {
    description,
    async rules() {
      const resource = await owner('GET')
      const names = Object.keys(resource.labels ?? {}).filter((name) => name.includes('-cost-'))
      const rules = rulesOf(resource)
      return rules.map((rule) => ({
        name: isOwn(rule) ? 'mine' : names[0],
        says: JSON.stringify(rule),
      }))
    },
    async addOwn(prefix = OWN_PREFIX) {
      const rule = [...rulesOf(await owner('GET')), ownRule(prefix)]
      await owner('PATCH', { lifecycle: { rule }, labels: { team: 'files' } })
    },
    async editOurs() {
      const rule = rulesOf(await owner('GET')).map((one) =>
        isOwn(one) ? one : { ...one, condition: { ...one.condition, age: one.condition.age! + 1 } },
      )
      await owner('PATCH', { lifecycle: { rule } })
    },
    async isOwners() {
      const { labels, ...resource } = await owner('GET')
      const rules = rulesOf(resource)
      const isAlone = rules.length === 1 && isOwn(rules[0]!)
      return isAlone && JSON.stringify(labels) === '{"team":"files"}'
    },
  }
}

async function ownerToken(url: string): Promise<string> {
  const path = '/computeMetadata/v1/instance/service-accounts/default/token'
  const answer = await fetch(`${url}${path}`, { headers: { 'metadata-flavor': 'Google' } })
  return ((await answer.json()) as { access_token: string }).access_token
}
