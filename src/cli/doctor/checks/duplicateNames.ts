/** Whether several instances have the same name. */
import { Array, Effect } from "effect"
import { Fleet } from "../../../fleet/Fleet.ts"
import type { Instance } from "../../../fleet/Instance.ts"
import { type Check, warning } from "../Check.ts"

/** The name without the suffix that `uniqueNames` appends. */
const announcedName = ({ name, url }: Instance): string => {
  const { host, href, port } = new URL(url)
  const suffix = [href, host, port].map((part) => `@${part}`).find((part) => name.endsWith(part))
  return suffix === undefined ? name : name.slice(0, -suffix.length)
}

export const duplicateNames: Check<Fleet> = {
  name: "names",
  run: Effect.gen(function* () {
    const { instances } = yield* (yield* Fleet).snapshot
    return Object.entries(Array.groupBy(instances, announcedName)).flatMap(([name, sharing]) =>
      sharing.length === 1
        ? []
        : [
            warning(
              `${sharing.length} instances are named ${name}, so their ports are appended: ${sharing.map((one) => one.name).join(", ")}`,
              "For stable names, start each with its own INSTANCE_NAME.",
            ),
          ],
    )
  }),
}
