// SMART's JavaScript client reads, pages, resolves references and writes; what it saw is printed as JSON.
import FHIR from 'fhirclient';

const [serverUrl, token] = process.argv.slice(2);
const client = FHIR({}, {}).client({ serverUrl, tokenResponse: { access_token: token, token_type: 'bearer' } });
const observation = (number) => ({
  resourceType: 'Observation',
  id: `lab-${number}`,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '4548-4' }] },
  subject: { reference: 'Patient/mrn-1' },
  valueQuantity: { value: 9.1, unit: '%', system: 'http://unitsofmeasure.org', code: '%' },
});
const seen = {};

await client.update({ resourceType: 'Patient', id: 'mrn-1', gender: 'female', name: [{ family: 'Hopkins' }] });
for (let number = 0; number < 5; number += 1) await client.update(observation(number));
seen.patient = (await client.request('Patient/mrn-1')).name[0].family;
const all = await client.request('Observation?subject=Patient/mrn-1&_count=2', { pageLimit: 0, flat: true });
seen.paged = all.length;
const whole = await client.request('Observation/lab-1', { resolveReferences: 'subject', graph: true });
seen.resolved = whole.subject.name[0].family;
seen.release = await client.getFhirRelease();
const made = await client.create({ resourceType: 'Patient', gender: 'other' });
seen.patched = (await client.patch(`Patient/${made.id}`, [{ op: 'replace', path: '/gender', value: 'male' }])).gender;
await client.delete(`Patient/${made.id}`);
seen.refused = await client.request(`Patient/${made.id}`).then(() => 'found', (error) => error.statusCode ?? error.status);
console.log(JSON.stringify(seen));
