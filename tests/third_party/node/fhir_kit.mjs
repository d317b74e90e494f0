// fhir-kit-client does a day's work; what it saw is printed as one JSON object.
import { Client } from 'fhir-kit-client';

const [base, token] = process.argv.slice(2);
const client = new Client({ baseUrl: base, customHeaders: { Authorization: `Bearer ${token}` } });
const patient = (id, family) => ({ resourceType: 'Patient', id, name: [{ family }], gender: 'female' });
const seen = {};

seen.version = (await client.capabilityStatement()).fhirVersion;
seen.tokenUrl = (await client.smartAuthMetadata()).tokenUrl?.toString();
const made = await client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', gender: 'other' } });
seen.created = (await client.read({ resourceType: 'Patient', id: made.id })).gender;
for (let number = 0; number < 5; number += 1) {
  await client.update({ resourceType: 'Patient', id: `mrn-${number}`, body: patient(`mrn-${number}`, 'Hopkins') });
}
let page = await client.search({ resourceType: 'Patient', searchParams: { family: 'hopkins', _count: 2 } });
const ids = [];
while (page) {
  ids.push(...(page.entry ?? []).map((entry) => entry.resource.id));
  page = await client.nextPage({ bundle: page });
}
seen.found = ids.sort();
const posted = await client.resourceSearch({
  resourceType: 'Patient', searchParams: { family: 'hopkins' }, options: { postSearch: true },
});
seen.posted = posted.entry.length;
const jsonPatch = [{ op: 'replace', path: '/gender', value: 'male' }];
seen.patched = (await client.patch({ resourceType: 'Patient', id: 'mrn-0', jsonPatch })).gender;
seen.first = (await client.vread({ resourceType: 'Patient', id: 'mrn-0', version: '1' })).gender;
seen.history = (await client.history({ resourceType: 'Patient', id: 'mrn-0' })).entry.length;
seen.typeHistory = (await client.typeHistory({ resourceType: 'Patient' })).entry.length;
seen.systemHistory = (await client.systemHistory()).entry.length;
const everything = await client.operation({ resourceType: 'Patient', id: 'mrn-1', name: 'everything', method: 'get' });
seen.everything = everything.entry.length;
const bundle = (type, entry) => ({ resourceType: 'Bundle', type, entry });
const entry = { resource: patient('mrn-9', 'Muster'), request: { method: 'PUT', url: 'Patient/mrn-9' } };
seen.transaction = (await client.transaction({ body: bundle('transaction', [entry]) })).entry[0].response.status;
const get = { request: { method: 'GET', url: 'Patient/mrn-9' } };
seen.batch = (await client.batch({ body: bundle('batch', [get]) })).entry[0].resource.name[0].family;
await client.delete({ resourceType: 'Patient', id: 'mrn-9' });
try {
  await client.read({ resourceType: 'Patient', id: 'mrn-9' });
} catch (error) {
  seen.deleted = error.response.status;
  seen.outcome = error.response.data.resourceType;
}
console.log(JSON.stringify(seen));
