// Who may tell of changes, as a configuration writes it: what is wrong is told, and no secret is shown.

import { describe, expect, it } from 'vitest'
import { readConfig } from '#shared/config/config.ts'
import { redact } from '#shared/config/redact.ts'

const SECRET = 'a-secret-that-both-sides-of-it-know'
const PLATFORM = { env: {}, fileSystem: true, now: Date.now }

const read = (hooks: object) =>
  readConfig({ stores: { photos: 'file:./photos' }, hooks }, 'of this test', PLATFORM)

describe('hooks', () => {
  it('are closed unless something is written', () => {
    expect(read({}).hooks.size).toBe(0)
    expect(read({ photos: {} }).hooks.get('photos')).toEqual({ scan: false })
  })

  it('have defaults where one would be forgotten', () => {
    const topics = ['arn:aws:sns:eu-west-1:123456789012:changes']
    const entra = { tenant: 't', audience: 'a' }
    expect(
      read({ photos: { sns: { topics }, eventGrid: { entra } } }).hooks.get('photos'),
    ).toMatchObject({
      sns: { topics, maxAgeSeconds: 7200 },
      eventGrid: {
        secrets: [],
        entra: { application: expect.stringMatching(/^[0-9a-f-]{36}$/) as string },
      },
    })
  })

  it.each<[string, object, RegExp]>([
    [
      'a store there is none of',
      { photo: { scan: true } },
      /no store "photo"; did you mean "photos"/,
    ],
    ['a short secret', { photos: { bearer: { secrets: ['short'] } } }, /at least 32 characters/],
    [
      'a secret that no header holds',
      { photos: { bearer: { secrets: [`${SECRET} x`] } } },
      /without spaces/,
    ],
    [
      'three secrets',
      { photos: { b2: { secrets: [SECRET, SECRET, SECRET] } } },
      /hooks\.photos\.b2/,
    ],
    ['a topic that is none', { photos: { sns: { topics: ['changes'] } } }, /ARN of an SNS topic/],
    ['a grid that anybody could be', { photos: { eventGrid: {} } }, /either `secrets`/],
    ['a misspelt setting', { photos: { bearers: {} } }, /did you mean "bearer"/],
  ])('refuse %s', (_, hooks, problem) => {
    expect(() => read(hooks)).toThrow(problem)
  })

  it('show no secret', () => {
    const hooks = { photos: { bearer: { secrets: [SECRET] }, b2: { secrets: [SECRET] } } }
    expect(JSON.stringify(redact({ hooks }))).not.toContain(SECRET)
  })
})
