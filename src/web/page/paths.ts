/** The addresses of the page. */

export const home = "/"
export const login = "/login"
export const logout = "/logout"
export const requests = "/requests"

/** A conversation. In the query, because names can be longer than a router's parameters and hold any character. */
export const conversation = (instance: string, session: string, more: Readonly<Record<string, string>> = {}): string =>
  `/sessions?${new URLSearchParams({ instance, id: session, ...more }).toString()}`

/** The sessions of an instance. */
export const instance = (name: string): string => `/instances?${new URLSearchParams({ name }).toString()}`

/** Where a card stands on a page. */
export const anchorOf = (request: string): string => `request-${request}`

/** The address after a login or a decision: a path of this server, whatever a form says. */
export const ownPath = (path: string | undefined): string =>
  path !== undefined && /^\/(?![/\\])[\x21-\x7e]*$/u.test(path) ? path : home
