/** Model names: opencode 1 uses two ids, the domain `provider/model`. */

interface WireModel {
  readonly providerID: string
  readonly modelID: string
}

export const joinModel = ({ modelID, providerID }: WireModel): string => `${providerID}/${modelID}`

/** A model's own id may contain slashes; a provider's does not. */
export const splitModel = (model: string): WireModel => {
  const slash = model.indexOf("/")
  return { providerID: model.slice(0, Math.max(0, slash)), modelID: model.slice(slash + 1) }
}
