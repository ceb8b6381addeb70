/**
 * A TCP proxy in front of a real opencode that breaks connections as networks, crashes and sleeping machines do. It parses
 * only the request lines of HTTP, because the client sends a request after the previous one was answered.
 */
import { Deferred, Effect, FiberSet } from "effect"
import { connect, createServer, type Socket } from "node:net"

/** The client's open connections. */
export interface Open {
  /** The connections with an event stream. */
  readonly events: number
  readonly others: number
}

/**
 * What becomes of an answer that opencode has sent: the connection breaks before it, or in it, or a proxy sends its own
 * with this status.
 */
export type Loss = "before it" | "in it" | 502 | 504

/** A fault of one request, and the callback for when it has happened. */
interface Fault {
  readonly matching: RegExp
  readonly kind: "lose the request" | "down behind the answer" | { readonly loss: Loss }
  readonly happened: Deferred.Deferred<void>
}

interface Link {
  readonly client: Socket
  readonly upstream: Socket
  carriesEvents: boolean
  /** Data that is held while the link stalls. */
  held: Array<() => void> | undefined
  /** The fault that happens at the answer to the last request. */
  fault: Fault | undefined
}

const requestLine = /^(?:GET|POST|PUT|PATCH|DELETE) \S+(?= HTTP\/1\.1\r\n)/u
const eventStream = /^GET \/(?:global|api)\/event(?:\?|$)/u

const destroy = ({ client, upstream }: Link) => {
  client.destroy()
  upstream.destroy()
}

/** Closes the connection, because the client would use it for its next request. */
const closing = (answer: Buffer) =>
  Buffer.from(answer.toString("latin1").replace("\r\n", "\r\nconnection: close\r\n"), "latin1")

/** What arrives of an answer that is lost. */
const remains = (answer: Buffer, loss: Loss) => {
  switch (loss) {
    case "before it":
      return ""
    case "in it":
      return answer.subarray(0, -1)
    default: {
      const page = `<html><head><title>${loss} from nginx</title></head></html>`
      const head = ["content-type: text/html", `content-length: ${page.length}`, "connection: close"].join("\r\n")
      return `HTTP/1.1 ${loss} Gateway\r\n${head}\r\n\r\n${page}`
    }
  }
}

/** A proxy to a port of 127.0.0.1, on a port of its own. Closing the scope ends it. */
export const makeFaultProxy = Effect.fn("makeFaultProxy")(function* (to: { readonly port: number }) {
  const links = new Set<Link>()
  const faults = new Set<Fault>()
  const requests: Array<string> = []
  let stalled = false
  const run = yield* FiberSet.makeRuntime<never>()
  const happened = (fault: Fault) => Deferred.doneUnsafe(fault.happened, Effect.void)

  const cutAll = (except?: Link) => {
    for (const link of links) if (link !== except) destroy(link)
  }

  /** Whether the client's bytes may be passed on. */
  const request = (link: Link, chunk: Buffer) => {
    const [line] = requestLine.exec(chunk.toString("latin1")) ?? []
    if (line === undefined) return true
    requests.push(line)
    if (eventStream.test(line)) link.carriesEvents = true
    const fault = [...faults].find(({ matching }) => matching.test(line))
    if (fault === undefined) return true
    faults.delete(fault)
    if (fault.kind !== "lose the request") {
      link.fault = fault
      return true
    }
    destroy(link)
    happened(fault)
    return false
  }

  const answer = (link: Link, chunk: Buffer) => {
    const { client, fault } = link
    if (fault === undefined) return void client.write(chunk)
    link.fault = undefined
    if (typeof fault.kind === "object") {
      client.end(remains(chunk, fault.kind.loss), () => destroy(link))
    } else {
      server.close()
      cutAll(link)
      // The client's other connections are closed first, because it would use one of them.
      run(
        Effect.delay(
          Effect.sync(() => client.end(closing(chunk))),
          "100 millis",
        ),
      )
    }
    happened(fault)
  }

  const server = createServer((client) => {
    const upstream = connect(to.port, "127.0.0.1")
    const link: Link = { client, upstream, carriesEvents: false, held: stalled ? [] : undefined, fault: undefined }
    const pass = (action: () => void) => (link.held === undefined ? action() : link.held.push(action))
    links.add(link)
    client.on("data", (chunk: Buffer) => {
      if (request(link, chunk)) pass(() => upstream.write(chunk))
    })
    upstream.on("data", (chunk: Buffer) => pass(() => answer(link, chunk)))
    upstream.on("error", () => {})
    upstream.on("close", () => pass(() => client.destroySoon()))
    client.on("error", () => {})
    client.on("close", () => {
      links.delete(link)
      upstream.destroy()
    })
  })

  const listen = (port: number) =>
    Effect.callback<void>((resume) => {
      const fail = (error: Error) => resume(Effect.die(error))
      server.once("error", fail)
      server.listen(port, "127.0.0.1", () => {
        server.off("error", fail)
        resume(Effect.void)
      })
    })
  const cut = Effect.sync(() => cutAll())
  const down = Effect.suspend(() => {
    server.close()
    return cut
  })
  yield* Effect.acquireRelease(listen(0), () => down)
  const address = server.address()
  if (address === null || typeof address === "string") return yield* Effect.die(new Error("no port"))
  const { port } = address

  const hold = (matching: (link: Link) => boolean) => {
    for (const link of links) if (matching(link)) link.held ??= []
  }
  const arm = (matching: RegExp, kind: Fault["kind"]) =>
    Effect.map(Deferred.make<void>(), (happened) => {
      faults.add({ matching, kind, happened })
      return Deferred.await(happened)
    })

  return {
    /** The URL that replaces opencode's. */
    port,
    /** Destroys all connections. New ones work. */
    cut,
    /** Destroys all connections, and refuses new ones until it is `up`. */
    down,
    up: listen(port),
    /** Stalls all traffic in both directions silently, on new connections, too. */
    stall: Effect.sync(() => {
      stalled = true
      hold(() => true)
    }),
    /** Stalls only the open event streams. */
    stallEvents: Effect.sync(() => hold(({ carriesEvents }) => carriesEvents)),
    /** Passes on the held data and everything after it. */
    resume: Effect.sync(() => {
      stalled = false
      for (const link of links) {
        const { held = [] } = link
        link.held = undefined
        for (const action of held) action()
      }
    }),
    /**
     * Breaks the connection of the next matching request, such as `POST /session/…/prompt_async`: before any of it arrives,
     * or after all of it has arrived, when its answer begins. The inner effect completes when that has happened.
     */
    dropRequest: (matching: RegExp, { when }: { readonly when: "before" | "after" }) =>
      arm(matching, when === "before" ? "lose the request" : { loss: "before it" }),
    /** Loses the answer to the next matching request in this way. */
    loseAnswer: (matching: RegExp, loss: Loss) => arm(matching, { loss }),
    /** Goes `down` after the answer to the next matching request. */
    downBehind: (matching: RegExp) => arm(matching, "down behind the answer"),
    open: Effect.sync((): Open => {
      const events = [...links].filter(({ carriesEvents }) => carriesEvents).length
      return { events, others: links.size - events }
    }),
    /** Method and path of all requests so far, including dropped ones. */
    requests: Effect.sync((): ReadonlyArray<string> => [...requests]),
  }
})
export type FaultProxy = Effect.Success<ReturnType<typeof makeFaultProxy>>
