import { act } from "../../account/api";
import type { Page } from "../kit/remote";

export interface Person {
  address: string;
  aliases: string[];
  name: string;
  role: string;
  state: string;
  messages: number;
  bytes: number;
  quota_bytes: number;
}

/** People whose name or address holds what was typed. */
export async function findPeople(search: string, limit: number): Promise<Person[]> {
  return (await act<Page<Person>>("user-page", { search, limit })).items;
}
