/** [index of the ARN template, 1 where the action wants such a resource, members that name each part of it] */
export type ResourceEntry = readonly [template: number, wanted: 0 | 1, ...paths: (readonly string[])[]];
/** Keys are single letters: the files have one line for each of AWS's operations. */
export interface OperationData {
  /** Access level of its actions: read, write (tagging too), permissions; empty where IAM does not know it. */
  readonly l: 'r' | 'w' | 'p' | '';
  /** Actions, where they are not `prefix:Operation`. */
  readonly a?: readonly string[];
  /** IAM has no such action. */
  readonly u?: 1;
  readonly r?: readonly ResourceEntry[];
  /** Members that hold the ARN of whatever it is about. */
  readonly g?: readonly string[];
  /** Members that hand a role to the service. */
  readonly p?: readonly string[];
  /** Names of input members that are secret. */
  readonly s?: readonly string[];
  /** Its answer has members that are named like a secret (1) or like a credential that works elsewhere (2). */
  readonly c?: 1 | 2;
  /** Its body is an object's bytes or a stream of events, not parameters. */
  readonly b?: 1;
  /** It can be asked whether it would be allowed. */
  readonly d?: 1;
  /** HTTP method, where it is not POST. */
  readonly m?: string;
}
export interface ServiceData {
  readonly prefix: string;
  readonly templates: readonly string[];
  readonly operations: Readonly<Record<string, OperationData>>;
}
/** @returns undefined where the models have no such service */
export declare const serviceData: (service: string) => ServiceData | undefined;
/** Every service that there is data of. */
export declare const describedServices: () => string[];
export declare const operationData: (service: string, operation: string) => OperationData | undefined;
