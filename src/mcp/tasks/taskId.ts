/** The id of a task: when it began, and what a later call needs to continue it. It comes back from the client unchecked. */

/** Characters. Claude Code accepts no more. */
const maxLength = 128

/** Printable ASCII without spaces, because over HTTP the id is also the value of a header. */
const form = /^([0-9a-z]{1,9})\.([\x21-\x7e]*)$/u

export interface TaskIdParts {
  readonly createdAt: number
  readonly state: string
}

/** Undefined if the text is no id of a task. */
export const parseTaskId = (id: string): TaskIdParts | undefined => {
  const [, createdAt, state] = id.length > maxLength ? [] : (form.exec(id) ?? [])
  return createdAt === undefined || state === undefined
    ? undefined
    : { createdAt: Number.parseInt(createdAt, 36), state }
}

/** Undefined if the state does not fit. */
export const formatTaskId = ({ createdAt, state }: TaskIdParts): string | undefined => {
  const id = `${createdAt.toString(36)}.${state}`
  return parseTaskId(id) === undefined ? undefined : id
}
