/**
 * `opencode-fleet/testing`: fakes and samples for the tests of a program that embeds the fleet. opencode-fleet's own tests
 * use them, too.
 */
export { FakeFleet, fakeFleetLayer, type FakeInstance, fakeOpencodesLayer } from "../testing/FakeFleet.ts"
export { FakeOpencode } from "../testing/FakeOpencode.ts"
export type { LoggedRequest, Reply as FakeReply, StoredPrompt } from "../testing/FakeState.ts"
export type { WireEvent as FakeEvent, WireFrame as FakeEventFrame } from "../opencode/v1/wire/WireEvent.ts"
export type { WireModel as FakeModel } from "../opencode/v2/wire/WireModel.ts"
export type { FakeCommand } from "../testing/FakeCommand.ts"
export { type FakeOptions, FakeState } from "../testing/FakeState.ts"
export * as Fault from "../testing/Fault.ts"
export * as samples from "../testing/samples.ts"
