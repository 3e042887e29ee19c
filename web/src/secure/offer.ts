// What the portal offers, and what each recipient would get.

import { act } from "../account/api";

/** What a recipient gets, and what the portal offers. */
export interface Offer {
  enabled: boolean;
  days: number;
  days_max: number;
  openings: number;
  openings_max: number;
  bytes_max: number;
  sms: boolean;
  recipients: { address: string; local: boolean; demand: string | null }[];
}

export const offerFor = (addresses: string[]) => act<Offer>("portal-recipients", { addresses });
