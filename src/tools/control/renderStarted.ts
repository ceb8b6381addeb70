/** The answer of start_instance as text. */
import type { StartedView } from "./controlSchemas.ts"

export const renderStarted = ({ directory, host, instance, version, was_running }: StartedView): string => {
  const place = directory === undefined ? host : `${host}, in ${directory}`
  const what = `opencode ${version} ${was_running ? "was already running" : "was started"} on ${place}.`
  const next =
    instance === undefined
      ? "It is not listed yet; refresh_instances looks for it."
      : directory === undefined
        ? `Its instance is ${instance}; create_session takes the directory to work in.`
        : `Its instance is ${instance}.`
  return `${what} ${next}`
}
