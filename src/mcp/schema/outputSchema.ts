/**
 * The output schema of a tool as it is advertised: the names and types of the top level, and of lists what they hold.
 * Clients check results against it but hardly any shows it to the model, and the full schemas would be most of `tools/list`.
 * Whatever the full schema accepts, this one accepts too.
 */
import { Record } from "effect"
import type { SchemaNode } from "./SchemaNode.ts"

type Json = Readonly<Record<string, unknown>>

const outline = ({ anyOf, enum: choices, items, properties, type }: SchemaNode, isTop: boolean): Json => ({
  ...(type === undefined ? {} : { type }),
  ...(choices === undefined ? {} : { enum: choices }),
  ...(anyOf === undefined ? {} : { anyOf: anyOf.map((member) => outline(member, isTop)) }),
  ...(isTop && properties !== undefined
    ? { properties: Record.map(properties, (property) => outline(property, false)) }
    : {}),
  ...(items === undefined ? {} : { items: outline(items, false) }),
})

export const outputSchema = (node: SchemaNode): Json => outline(node, true)
