/** Model names: opencode 2 uses two ids, the domain `provider/model`. */
import { Schema } from "effect"

export const WireModel = Schema.Struct({ providerID: Schema.String, id: Schema.String })
export type WireModel = typeof WireModel.Type

export const joinModel = ({ id, providerID }: WireModel): string => `${providerID}/${id}`

/** A model's own id may contain slashes; a provider's does not. */
export const splitModel = (model: string): WireModel => {
  const slash = model.indexOf("/")
  return { providerID: model.slice(0, Math.max(0, slash)), id: model.slice(slash + 1) }
}
