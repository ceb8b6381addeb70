/**
 * The web page: the fleet, what waits for a person, and the end of a conversation. It reads and decides; it sends nothing to
 * an agent.
 *
 * Server-rendered, and usable without a script. With one, the page keeps itself up to date.
 */
import { Clock, Effect, Option, RcRef } from "effect"
import { HttpRouter, HttpServerError, HttpServerRequest, type HttpServerResponse, UrlParams } from "effect/http"
import { Attention } from "../../fleet/attention/Attention.ts"
import { touchOnEvents } from "../../fleet/attention/touchOnEvents.ts"
import type { Credentials } from "../../opencode/Target.ts"
import { type InstanceToolsOptions, instanceHandlers } from "../../tools/instances/instanceHandlers.ts"
import { formScope } from "../../tools/scopes.ts"
import { sessionHandlers } from "../../tools/sessions/sessionHandlers.ts"
import * as assets from "./assets.ts"
import { conversationContent, conversationTitle } from "./conversationPage.ts"
import { makeDecideRequest } from "./decideRequest.ts"
import { type Failure, failed, notFound, refused } from "./failures.ts"
import { homeContent, homeTitle, instancesShown } from "./homePage.ts"
import { type Live, livePage, livePart, notePage } from "./layout.ts"
import { Logins } from "./Logins.ts"
import { makeLogin } from "./loginPage.ts"
import * as paths from "./paths.ts"
import { makeReadConversation } from "./readConversation.ts"
import { makeReadWork, type OpenRequest } from "./readWork.ts"
import { RequestLedger } from "./RequestLedger.ts"
import { answerFile, answerHtml, answerRedirect } from "./responses.ts"
import { sessionsContent } from "./sessionsPage.ts"
import { makeVisitor, type Visitor } from "./visitor.ts"

export interface PageOptions extends InstanceToolsOptions {
  /** Sent to trusted instances without credentials of their own. Default: none. */
  readonly credentials?: Credentials | undefined
}

/** How long what was read is shown to further visitors. */
const sharedFor = "1 second"

/** The events of the instances are followed until nobody has looked for this long. */
const watchedFor = "1 minute"

/** A decided request stays on a page that is loaded afterwards for this long, in milliseconds. */
const settledShown = 60_000

const pollHome = 3
const pollBusy = 2
const pollIdle = 10

const defaultMessages = 20
const maxMessages = 100
const sessionsShown = 50

type Request = HttpServerRequest.HttpServerRequest

const searchOf = ({ url }: Request) => new URL(url, "http://localhost").searchParams

/** The number in a query, within its bounds. */
const numberIn = (request: Request, name: string, otherwise: number, maximum: number): number => {
  const value = Number(searchOf(request).get(name) ?? Number.NaN)
  return Number.isFinite(value) ? Math.min(maximum, Math.max(0, Math.floor(value))) : otherwise
}

const mayNotDecide = `This token may not decide. It needs the scope ${formScope}.`
const isTooOld = "The server was restarted, or you have logged in again, since this page was loaded. Nothing was sent."

const file = (text: string, type: string) => Effect.succeed(answerFile(text, `${type}; charset=utf-8`))

const isNotFound = (error: unknown) => HttpServerError.isHttpServerError(error) && error.reason._tag === "RouteNotFound"

/** Adds the page's routes to the router. */
export const layer = (options: PageOptions) =>
  HttpRouter.use(
    Effect.fnUntraced(function* (router) {
      const attention = yield* Attention
      const logins = new Logins()
      const ledger = new RequestLedger()
      const visitor = yield* makeVisitor(logins)
      const login = yield* makeLogin(logins)
      const decide = yield* makeDecideRequest(ledger)
      const readConversation = yield* makeReadConversation
      const readWork = yield* makeReadWork
      const { list_sessions } = yield* sessionHandlers()
      const { list_instances } = yield* instanceHandlers(options)
      const context = yield* Effect.context<Effect.Services<ReturnType<typeof touchOnEvents>>>()
      const watching = yield* RcRef.make({
        acquire: Effect.forkScoped(Effect.provideContext(touchOnEvents(options.credentials), context)),
        idleTimeToLive: watchedFor,
      })
      const [work, forget] = yield* Effect.cachedInvalidateWithTTL(
        Effect.gen(function* () {
          const startedAt = yield* Clock.currentTimeMillis
          const work = yield* readWork
          ledger.observe({
            requests: work.requests,
            covers: ({ inFleet, instance }) => inFleet && !work.unknown.has(instance),
            startedAt,
            endedAt: yield* Clock.currentTimeMillis,
          })
          return work
        }),
        sharedFor,
      )

      const watched = Effect.scoped(RcRef.get(watching))

      /** `since`: what was settled before is not shown. */
      const homeLive = Effect.fnUntraced(function* ({ formKey, mayDecide }: Visitor, since: number) {
        const view = {
          work: yield* work,
          fleet: yield* list_instances({ limit: instancesShown }),
          entries: ledger.shown(since).filter(({ request }) => request.inFleet),
          formKey: mayDecide ? formKey : undefined,
        }
        return {
          from: `/live?since=${since}`,
          everySeconds: pollHome,
          title: homeTitle(view),
          content: homeContent(view),
        } satisfies Live
      })

      const conversationLive = Effect.fnUntraced(function* (visitor: Visitor, request: Request, since: number) {
        const search = searchOf(request)
        const limit = numberIn(request, "messages", defaultMessages, maxMessages)
        const read = yield* readConversation(search.get("instance") ?? "", search.get("id") ?? "", Math.max(1, limit))
        const { instance, session } = read
        const isHere = (open: OpenRequest) => open.instance === instance && open.family.has(session.id)
        ledger.observe({ requests: read.requests, covers: isHere, startedAt: read.startedAt, endedAt: read.now })
        const entries = ledger.shown(since).filter(({ request }) => isHere(request))
        const view = { ...read, limit, entries, formKey: visitor.mayDecide ? visitor.formKey : undefined }
        const query = { messages: String(limit), since: String(since) }
        return {
          from: `/live${paths.conversation(instance, session.id, query)}`,
          everySeconds: read.status === undefined ? pollIdle : pollBusy,
          title: conversationTitle(view),
          content: conversationContent(view),
        } satisfies Live
      })

      const sessionsLive = (request: Request) => {
        const name = searchOf(request).get("name") ?? ""
        return Effect.map(list_sessions({ instance: name, limit: sessionsShown }), (view): Live => ({
          from: `/live${paths.instance(name)}`,
          everySeconds: pollIdle,
          title: `${view.instance} · opencode-fleet`,
          content: sessionsContent(view),
        }))
      }

      /** A page for a visitor who may read. */
      const shown = <E extends Failure, R>(
        answer: (person: Visitor, request: Request) => Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
      ) =>
        Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
          visitor.pipe(
            Effect.flatMap((person) =>
              Effect.catch(answer(person, request), (error) => Effect.succeed(failed(error, person))),
            ),
            Effect.catchTag("Refused", (error) => Effect.succeed(refused(request, error))),
          ),
        )

      /** A page that keeps itself up to date, whole or the part that is read again. */
      const live = <E extends Failure, R>(
        read: (person: Visitor, since: number, request: Request) => Effect.Effect<Live, E, R>,
      ) => ({
        whole: shown((person, request) =>
          Effect.gen(function* () {
            yield* watched
            yield* attention.settled
            const since = (yield* Clock.currentTimeMillis) - settledShown
            return answerHtml(200, livePage(yield* read(person, since, request), person))
          }),
        ),
        part: shown((person, request) =>
          Effect.gen(function* () {
            yield* watched
            const since = numberIn(request, "since", 0, Number.MAX_SAFE_INTEGER)
            return answerHtml(200, livePart(yield* read(person, since, request)).toString())
          }),
        ),
      })

      const submit = shown(
        Effect.fnUntraced(function* (person, request) {
          const fields = yield* request.urlParamsBody
          const field = (name: string) => Option.getOrElse(UrlParams.getFirst(fields, name), () => "")
          if (!person.mayDecide) return answerHtml(403, notePage("Not allowed", [mayNotDecide], paths.home, person))
          if (field("form") !== person.formKey) {
            return answerHtml(403, notePage("This page is too old", [isTooOld], paths.home, person))
          }
          const back = paths.ownPath(field("back"))
          return yield* Effect.ensuring(decide(fields, person.caller.subject), forget).pipe(
            Effect.map((id) => answerRedirect(`${back}#${paths.anchorOf(id)}`)),
            Effect.catchTag("RequestNotOpen", ({ id = "" }) => {
              const outcome = ledger.settled(id)?.outcome ?? "It was decided elsewhere, or its turn has ended."
              return Effect.succeed(
                answerHtml(409, notePage("Not open any more", [outcome, "Nothing was sent."], back, person)),
              )
            }),
          )
        }),
      )

      const fleet = live((person, since) => homeLive(person, since))
      const conversation = live((person, since, request) => conversationLive(person, request, since))

      const instance = live((_person, _since, request) => sessionsLive(request))

      // No route for all paths, because HEAD would find it before the one of GET.
      yield* router.addGlobalMiddleware((handle) =>
        Effect.catch(handle, (error) =>
          isNotFound(error) ? Effect.map(HttpServerRequest.HttpServerRequest, notFound) : Effect.fail(error),
        ),
      )
      yield* router.addAll([
        HttpRouter.route("GET", paths.home, fleet.whole),
        HttpRouter.route("GET", "/live", fleet.part),
        HttpRouter.route("GET", "/sessions", conversation.whole),
        HttpRouter.route("GET", "/live/sessions", conversation.part),
        HttpRouter.route("GET", "/instances", instance.whole),
        HttpRouter.route("GET", "/live/instances", instance.part),
        HttpRouter.route("POST", paths.requests, submit),
        HttpRouter.route("GET", paths.login, login.show),
        HttpRouter.route("POST", paths.login, login.submit),
        HttpRouter.route("POST", paths.logout, login.end),
        HttpRouter.route("GET", "/page.css", file(assets.style, "text/css")),
        HttpRouter.route("GET", "/page.js", file(assets.script, "text/javascript")),
        HttpRouter.route("GET", "/htmx.js", file(assets.htmx, "text/javascript")),
        HttpRouter.route("GET", "/icon.svg", file(assets.icon, "image/svg+xml")),
      ])
    }),
  )
