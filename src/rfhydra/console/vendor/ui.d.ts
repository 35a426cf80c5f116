
export { h, render, Fragment, createContext } from "preact";
export { useContext, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { VNode } from "preact";
export declare function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
export type { ComponentChildren, RefObject, VNode } from "preact";
export type { ReadonlySignal, Signal } from "@preact/signals";
