export declare const WIRE: string;
export declare function wire(): Promise<string>;
