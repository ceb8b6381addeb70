/** A `fetch` whose connections can all be cut, as a laptop that sleeps or a proxy does it. */

export const cuttableFetch = () => {
  const open = new Set<AbortController>()
  return {
    fetch: (url: string | URL, init: RequestInit = {}) => {
      const controller = new AbortController()
      open.add(controller)
      const signal = init.signal ? AbortSignal.any([init.signal, controller.signal]) : controller.signal
      return fetch(url, { ...init, signal })
    },
    cut: () => {
      for (const controller of open) controller.abort()
      open.clear()
    },
  }
}
