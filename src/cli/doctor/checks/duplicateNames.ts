/** Whether instances share a name. */
import { Array, Effect } from "effect"
import { Fleet } from "../../../fleet/Fleet.ts"
import type { Instance } from "../../../fleet/Instance.ts"
import { type Check, warning } from "../Check.ts"

/** Without what `uniqueNames` puts behind a name; one that was announced like that shares it with no other. */
const announced = ({ name, url }: Instance): string => {
  const { host, href, port } = new URL(url)
  const suffix = [href, host, port].map((part) => `@${part}`).find((part) => name.endsWith(part))
  return suffix === undefined ? name : name.slice(0, -suffix.length)
}

export const duplicateNames: Check<Fleet> = {
  name: "names",
  run: Effect.gen(function* () {
    const { instances } = yield* (yield* Fleet).snapshot
    return Object.entries(Array.groupBy(instances, announced)).flatMap(([name, sharing]) =>
      sharing.length === 1
        ? []
        : [
            warning(
              `${sharing.length} instances are named ${name}, so each has its port behind its name: ${sharing.map((one) => one.name).join(", ")}`,
              "Start each with an INSTANCE_NAME of its own for names that last.",
            ),
          ],
    )
  }),
}
