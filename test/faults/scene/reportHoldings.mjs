/** Preloaded into the executable: on SIGUSR2, it writes to stderr what the process holds after a garbage collection. */
import { queryObjects } from "node:v8"

/** Where effect keeps the fiber that is running. The first one shows the class of all. */
const currentFiber = "~effect/Fiber/currentFiber"
let Fiber
/** Weak references to fibers. Those that have ended are dropped when it has doubled. */
const fibers = new Set()
let limit = 1000

/** Fibers that can still run: one that has ended may be referenced by what remembers its result. */
const countRunning = () => {
  for (const each of fibers) if (each.deref()?._exit !== undefined || each.deref() === undefined) fibers.delete(each)
  limit = Math.max(1000, 2 * fibers.size)
  return fibers.size
}

/** The constructor of a fiber sets `_exit` to undefined. From then on, it is the fiber's own property. */
const watch = (prototype) =>
  Object.defineProperty(prototype, "_exit", {
    configurable: true,
    get: () => undefined,
    set(value) {
      fibers.add(new WeakRef(this))
      Object.defineProperty(this, "_exit", { configurable: true, enumerable: true, value, writable: true })
      if (fibers.size > limit) countRunning()
    },
  })

Object.defineProperty(globalThis, currentFiber, {
  configurable: true,
  get: () => undefined,
  set: (fiber) => {
    Fiber = fiber?.constructor
    if (Fiber !== undefined) watch(Fiber.prototype)
    Object.defineProperty(globalThis, currentFiber, { value: fiber, writable: true })
  },
})

process.on("SIGUSR2", () => {
  const active = process.getActiveResourcesInfo()
  const count = (type) => active.filter((each) => each === type).length
  // It collects garbage before it counts.
  if (Fiber !== undefined) queryObjects(Fiber)
  const heap = Math.round(process.memoryUsage().heapUsed / 2 ** 20)
  process.stderr.write(
    `holdings ${JSON.stringify({ fibers: countRunning(), heap, sockets: count("TCPSocketWrap"), timers: count("Timeout") })}\n`,
  )
})
