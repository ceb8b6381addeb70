/** Preloaded into the executable: on SIGUSR2, it writes to stderr what the process holds after a garbage collection. */
import { queryObjects } from "node:v8"

/** Where effect keeps the fiber that is running. The first one shows the class of all. */
const currentFiber = "~effect/Fiber/currentFiber"
let Fiber
Object.defineProperty(globalThis, currentFiber, {
  configurable: true,
  get: () => undefined,
  set: (fiber) => {
    Fiber = fiber?.constructor
    Object.defineProperty(globalThis, currentFiber, { value: fiber, writable: true })
  },
})

process.on("SIGUSR2", () => {
  const active = process.getActiveResourcesInfo()
  const count = (type) => active.filter((each) => each === type).length
  const fibers = Fiber === undefined ? 0 : queryObjects(Fiber)
  const heap = Math.round(process.memoryUsage().heapUsed / 2 ** 20)
  process.stderr.write(
    `holdings ${JSON.stringify({ fibers, heap, sockets: count("TCPSocketWrap"), timers: count("Timeout") })}\n`,
  )
})
