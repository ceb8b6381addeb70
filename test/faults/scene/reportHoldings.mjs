/** Preloaded into the executable: on SIGUSR2, it writes to stderr what the process holds after a garbage collection. */
import { queryObjects } from "node:v8"

/** Where effect keeps the fiber that is running. The first one shows the class of all. */
const currentFiber = "~effect/Fiber/currentFiber"
let Fiber
/** All fibers that have not been collected. */
const fibers = new Set()

/** The constructor of a fiber sets `_exit` to undefined. From then on, it is the fiber's own property. */
const watch = (prototype) =>
  Object.defineProperty(prototype, "_exit", {
    configurable: true,
    get: () => undefined,
    set(value) {
      fibers.add(new WeakRef(this))
      Object.defineProperty(this, "_exit", { configurable: true, enumerable: true, value, writable: true })
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

/** Fibers that can still run: one that has ended may be referenced by what remembers its result. */
const countRunning = () => {
  let running = 0
  for (const each of fibers) {
    const fiber = each.deref()
    if (fiber === undefined) fibers.delete(each)
    else if (fiber._exit === undefined) running++
  }
  return running
}

process.on("SIGUSR2", () => {
  const active = process.getActiveResourcesInfo()
  const count = (type) => active.filter((each) => each === type).length
  // It collects garbage before it counts.
  if (Fiber !== undefined) queryObjects(Fiber)
  process.stderr.write(
    `holdings ${JSON.stringify({ fibers: countRunning(), sockets: count("TCPSocketWrap"), timers: count("Timeout") })}\n`,
  )
})
