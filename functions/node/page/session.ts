// Who the page speaks for: the token comes in the address's fragment, which no server ever sees, is taken out
// of it at once, and lives as long as the tab. Without one the page asks.

import { find } from './element.ts'

export interface Session {
  workspace: string
  token: string
}

const PLACE = 'skein-session'
const DEFAULT_WORKSPACE = 'demo'

/** The address's, else the one that this tab has had before. */
export function currentSession(): Session | undefined {
  const given = new URLSearchParams(location.hash.slice(1))
  const token = given.get('token')
  if (token !== null) {
    history.replaceState(null, '', location.pathname + location.search)
    keep({ token, workspace: given.get('workspace') ?? DEFAULT_WORKSPACE })
  }
  const kept = sessionStorage.getItem(PLACE)
  return kept === null ? undefined : (JSON.parse(kept) as Session)
}

function keep(session: Session): void {
  sessionStorage.setItem(PLACE, JSON.stringify(session))
}

/** Shows the form, with the reason why, until somebody has filled it in. */
export function askForSession(problem = ''): Promise<Session> {
  sessionStorage.removeItem(PLACE)
  const form = find('sign-in', HTMLFormElement)
  find('sign-in-problem', HTMLElement).textContent = problem
  form.hidden = false
  find('desk', HTMLElement).hidden = true
  return new Promise((resolve) => {
    form.addEventListener(
      'submit',
      (event) => {
        event.preventDefault()
        const session = {
          workspace: find('workspace', HTMLInputElement).value,
          token: find('token', HTMLInputElement).value,
        }
        form.reset()
        form.hidden = true
        keep(session)
        resolve(session)
      },
      { once: true },
    )
  })
}
