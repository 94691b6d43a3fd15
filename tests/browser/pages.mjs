// The pages of the official web UI: where each is, and a text that is there when it has been drawn.

const NAMESPACE = "/namespaces/default";
const RUNNING = `${NAMESPACE}/workflows/running/{running}`;
const CLOSED = `${NAMESPACE}/workflows/closed/{closed}`;

// Without a worker nobody answers a query, on the reference neither.
const QUERY = [/^(400|503|504) POST .*\/query/];

export const PAGES = [
  { name: "namespaces", path: "/namespaces", marker: "default" },
  { name: "namespace", path: NAMESPACE, marker: "default" },
  { name: "workflows", path: `${NAMESPACE}/workflows`, marker: "running" },
  { name: "workflows filtered", path: `${NAMESPACE}/workflows?query=ExecutionStatus%3D%22Terminated%22`, marker: "closed" },
  { name: "start workflow", path: `${NAMESPACE}/workflows/start-workflow`, marker: "Workflow ID" },
  { name: "running timeline", path: `${RUNNING}/timeline`, marker: "running", allowed: QUERY },
  { name: "running history", path: `${RUNNING}/history`, marker: "Workflow Execution Started", allowed: QUERY },
  { name: "running pending activities", path: `${RUNNING}/pending-activities`, marker: "running", allowed: QUERY },
  { name: "running workers", path: `${RUNNING}/workers`, marker: "running", allowed: QUERY },
  { name: "running relationships", path: `${RUNNING}/relationships`, marker: "running", allowed: QUERY },
  { name: "running call stack", path: `${RUNNING}/call-stack`, marker: "running", allowed: QUERY },
  { name: "running queries", path: `${RUNNING}/query`, marker: "running", allowed: QUERY },
  { name: "running metadata", path: `${RUNNING}/metadata`, marker: "running", allowed: QUERY },
  { name: "closed timeline", path: `${CLOSED}/timeline`, marker: "closed", allowed: QUERY },
  { name: "closed history", path: `${CLOSED}/history`, marker: "Workflow Execution Terminated", allowed: QUERY },
  { name: "closed event", path: `${CLOSED}/history/events/1`, marker: "Workflow Execution Started", allowed: QUERY },
  { name: "schedules", path: `${NAMESPACE}/schedules`, marker: "Schedules" },
  { name: "batch operations", path: `${NAMESPACE}/batch-operations`, marker: "Batch" },
  { name: "deployments", path: `${NAMESPACE}/worker-deployments`, marker: "Deployments" },
  { name: "task queue", path: `${NAMESPACE}/task-queues/orders`, marker: "orders" },
  { name: "workers", path: `${NAMESPACE}/workers`, marker: "Workers" },
  { name: "archival", path: `${NAMESPACE}/archival`, marker: "Archiv" },
  { name: "nexus", path: "/nexus", marker: "Nexus" },
  { name: "import", path: "/import/events", marker: "Import" },
];
