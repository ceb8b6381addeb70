/** What a pending request would do, as a person or a rule has to see it: in one line, and in full. */
import { shortLine } from "../../text/shortLine.ts"
import type { PendingRequest, PermissionRequest } from "./PendingRequest.ts"

/** The tools that start a subagent, by their names in opencode 1 and 2. */
export const subagentTools: ReadonlySet<string> = new Set(["task", "subagent"])

/** The tools that run a command line, by their names in opencode 1 and 2. */
export const shellTools: ReadonlySet<string> = new Set(["bash", "shell"])

/** What a tool call that reaches outside the project asks for first. Its patterns name only the directory. */
export const externalDirectory = "external_directory"

/** Permissions whose patterns name a directory, a tool or an agent. */
const generalPermissions = new Set([...subagentTools, externalDirectory, "doom_loop"])

/** Whether the patterns only say which rule applies, such as that for all calls of a tool. */
const areGeneral = ({ patterns, permission }: PermissionRequest) =>
  generalPermissions.has(permission) || patterns.every((pattern) => pattern === "*")

const isGiven = (text: string | undefined): text is string => text !== undefined && text.trim() !== ""

/** Whether opencode itself told what reaches outside the project. */
const isToldOutside = ({ onlyArguments = false, permission }: PermissionRequest) =>
  permission === externalDirectory && !onlyArguments

/** The command line that would run. The `command` of any other tool is an argument, which can be anything. */
const commandOf = (request: PermissionRequest) => {
  const { details: { command } = {}, permission } = request
  return (shellTools.has(permission) || isToldOutside(request)) && isGiven(command) ? command : undefined
}

/** The path outside the project. */
const pathOf = (request: PermissionRequest) => {
  const { details = {} } = request
  return isToldOutside(request) ? [details["path"], details["filepath"], details["filePath"]].find(isGiven) : undefined
}

const lastName = /[\\/][^\\/]*$/u

/** The directory that the text of the act shows. */
const shownDirectory = (request: PermissionRequest) => {
  const { details: { workdir } = {} } = request
  if (commandOf(request) !== undefined) return isGiven(workdir) ? workdir.replace(/[\\/]$/u, "") : undefined
  const path = pathOf(request)
  return path !== undefined && lastName.test(path) ? path.replace(lastName, "") : undefined
}

/** The patterns of directories outside the project, except that of the directory which is shown anyway. */
const otherDirectories = (request: PermissionRequest) => {
  const { patterns, permission } = request
  const shown = shownDirectory(request)
  return permission === externalDirectory
    ? patterns.filter((pattern) => shown === undefined || !/[\\/]\*$/u.test(pattern) || pattern.slice(0, -2) !== shown)
    : []
}

/** A directory before other text. Quoted if its name could look like that text. */
const directoryName = (path: string) => (/[\s"']/u.test(path) ? JSON.stringify(path) : path)

/** The directories that the act is about, which its own text does not show. */
const places = (request: PermissionRequest) => {
  const { details: { workdir } = {} } = request
  const others = otherDirectories(request).map(directoryName)
  return [
    ...(others.length === 0 ? [] : [`access to ${others.join(", ")}`]),
    ...(commandOf(request) !== undefined && isGiven(workdir) ? [`in ${directoryName(workdir)}`] : []),
  ]
}

const argumentsOf = (request: PermissionRequest) => {
  const given = areGeneral(request) ? Object.entries(request.details ?? {}) : []
  return given.length === 0 ? undefined : given.map(([name, value]) => `${name}: ${value}`).join(", ")
}

/**
 * What happens if the request is allowed, for a line or a rule: the whole command line, after the directory in which it runs if
 * the agent gave one; else the file, the arguments of the tool, or the patterns. The patterns are all that there is if opencode
 * has not told the command: `details.command` is undefined then.
 */
export const requestedActs = (request: PermissionRequest): ReadonlyArray<string> => {
  const act = commandOf(request) ?? pathOf(request) ?? argumentsOf(request)
  return act === undefined ? request.patterns : [[...places(request), act].join(": ")]
}

/** A request where there is room for more than a line: each argument stands by itself, so none can imitate another. */
export interface WholeRequest {
  /** Commands, paths or patterns. Empty if the details are everything. */
  readonly acts: ReadonlyArray<string>
  /** What the acts do not show, by name. */
  readonly details: ReadonlyArray<readonly [name: string, value: string]>
}

/** Without the arguments, a command can run anywhere. */
const unknownDirectory = (request: PermissionRequest): WholeRequest["details"] => {
  const { details: { workdir } = {}, hasArguments = false, permission } = request
  const runs = shellTools.has(permission) || commandOf(request) !== undefined
  return runs && !hasArguments && workdir === undefined
    ? [["directory", "not known, and may not be the session's"]]
    : []
}

export const wholeRequest = (request: PermissionRequest): WholeRequest => {
  const given = Object.entries(request.details ?? {}).filter(([, value]) => isGiven(value))
  const act = commandOf(request) ?? pathOf(request)
  const unknown = unknownDirectory(request)
  if (act === undefined && (!areGeneral(request) || given.length === 0)) {
    const { patterns } = request
    return { acts: patterns, details: [...unknown, ...given.filter(([, value]) => !patterns.includes(value))] }
  }
  const directories = otherDirectories(request)
  return {
    acts: act === undefined ? [] : [act],
    details: [
      ...(directories.length === 0 ? [] : [["outside the project", directories.join("\n")] as const]),
      ...unknown,
      ...given.filter(([, value]) => value !== act),
    ],
  }
}

/** Characters of a request in one line. */
const maxDescription = 200

/** A pending request in one line. A long one is shortened in its middle, because the end of a command can be the worst of it. */
export const describe = ({ kind, request }: PendingRequest): string =>
  shortLine(
    kind === "permission"
      ? `permission for ${request.permission}: ${requestedActs(request).join(", ")}`
      : `question: ${request.questions.map(({ question }) => question).join(" / ")}`,
    maxDescription,
  )
