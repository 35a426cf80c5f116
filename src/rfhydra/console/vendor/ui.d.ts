
export { render } from "preact";
export { useEffect, useId, useMemo, useRef } from "preact/hooks";
export { batch, computed, effect, signal, useComputed, useSignal } from "@preact/signals";
import { VNode } from "preact";
export declare function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
export type { ComponentChildren, RefObject, VNode } from "preact";
export type { ReadonlySignal, Signal } from "@preact/signals";
