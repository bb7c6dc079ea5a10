// The page of the local process: drop a file, watch it go, see what each store holds. It is an app like any
// other: it has a token, and does everything through the client.

import { SkeinError, createSkeinClient } from '#shared/client/client.ts'
import { watchCopies } from './copies.ts'
import { find, messageOf } from './element.ts'
import { createObjectTable } from './objects.ts'
import type { Session } from './session.ts'
import { askForSession, currentSession } from './session.ts'
import { watchFiles } from './uploads.ts'

function clientFor(session: Session) {
  return createSkeinClient({ endpoint: location.origin, ...session })
}

/** Asks until there is one that Skein lets in. */
async function openSession(): Promise<Session> {
  let session = currentSession() ?? (await askForSession())
  for (;;) {
    try {
      await clientFor(session).listPage({ limit: 1 })
      return session
    } catch (error) {
      const refused = error instanceof SkeinError && !error.passing
      session = await askForSession(refused ? error.message : messageOf(error))
    }
  }
}

// Another token in the address of the open page is another session.
addEventListener('hashchange', () => location.reload())

const session = await openSession()
const client = clientFor(session)
const say = (text: string) => void (find('status', HTMLElement).textContent = text)
const table = createObjectTable(client, say)
const copies = watchCopies(session, () => void table.refresh())
find('where', HTMLElement).textContent = `workspace ${session.workspace}`
find('desk', HTMLElement).hidden = false
watchFiles({ client, say, arrived: () => void table.refresh() })
await table.refresh()
void copies.refresh()
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible') return
  void table.refresh()
  void copies.refresh()
})
