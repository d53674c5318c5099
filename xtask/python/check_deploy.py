"""Checks of deploy/ and .github/ that need the service models and schemas of the environment `aws`.

Prints a line for each failed check and `N passed, N failed` at the end; ends with 1 when one failed.
"""

import copy
import fnmatch
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import check_jsonschema  # noqa: F401  (run as a module below; without it every schema check would be about its absence)

ROOT = Path(__file__).resolve().parents[2]
AWS = ROOT / "deploy" / "aws"
SCHEMAS = ROOT / "deploy" / "schemas"
REGION = "ap-northeast-2"

# Nothing of a person's AWS may be asked, even by mistake.
for name in [n for n in os.environ if n.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION=REGION)

COUNTS = {"passed": 0, "failed": 0}


def check(name, work):
    try:
        work()
    except Exception as error:  # what a library says of a wrong file is the finding
        COUNTS["failed"] += 1
        print(f"FAIL {name}: {error}")
    else:
        COUNTS["passed"] += 1


def must_fail(name, work):
    """A check that can't fail proves nothing: the same check over a spoilt file."""

    def inner():
        try:
            work()
        except Exception:
            return
        raise AssertionError("a spoilt file passed")

    check(name, inner)


def load(name):
    return json.loads((AWS / name).read_text())


def schema(name, path, text=None):
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMAS / name)]
    command.append(str(path) if text is None else "-")
    run = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)
    if run.returncode != 0:
        raise AssertionError((run.stdout + run.stderr).strip())


# The shapes that the API takes: no unknown key, no wrong type, nothing required left out.


def shape(service, operation, parameters):
    import botocore.session
    from botocore.validate import ParamValidator

    model = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(parameters, model)
    if report.has_errors():
        raise AssertionError(report.generate_report())


def without(document, *path):
    spoilt = copy.deepcopy(document)
    inner = spoilt
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return spoilt


def with_(document, value, *path):
    spoilt = copy.deepcopy(document)
    inner = spoilt
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return spoilt


# Policies: what IAM itself would refuse, actions that don't exist, and rights wider than they need be.


def actions_of(policy):
    for statement in policy["Statement"]:
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            yield statement, action


def known_actions(policy):
    from cfnlint.data import AdditionalSpecs

    table = json.loads(Path(AdditionalSpecs.__file__).with_name("Policies.json").read_text())
    for _, action in actions_of(policy):
        service, _, name = action.partition(":")
        if "*" in action:
            raise AssertionError(f"{action}: name what is needed")
        if name.lower() not in table.get(service, {}).get("Actions", {}):
            raise AssertionError(f"{action}: no such action")


# These know no resource: https://docs.aws.amazon.com/service-authorization/
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "ecs:RegisterTaskDefinition",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}


def narrow(policy):
    for statement, action in actions_of(policy):
        if statement["Effect"] == "Allow" and statement.get("Resource") == "*" and action not in WITHOUT_RESOURCE:
            raise AssertionError(f"{action} on every resource")


def policy_document(policy, trust):
    from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator

    text = json.dumps(policy)
    IAMTrustPolicyDocumentValidator(text).validate() if trust else IAMPolicyDocumentValidator(text).validate()


def rolled_out(task, service, simulation):
    """A local AWS takes all of it: roles, the definition, the service, one simulation."""
    import boto3
    from moto import mock_aws

    with mock_aws():
        iam, ecs, ec2 = (boto3.client(name, region_name=REGION) for name in ("iam", "ecs", "ec2"))
        for role, trust, policy in ROLES:
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(load(trust)))
            iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(load(policy)))
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="fsts", Description="no way in", VpcId=vpc)["GroupId"]
        ecs.create_cluster(clusterName=service["cluster"])
        definition = ecs.register_task_definition(**task)["taskDefinition"]
        place = ("networkConfiguration", "awsvpcConfiguration")
        for document in (service, simulation):
            document[place[0]][place[1]].update(subnets=[subnet], securityGroups=[group])
        ecs.create_service(**service)
        found = ecs.describe_services(cluster=service["cluster"], services=[service["serviceName"]])["services"]
        assert [s["taskDefinition"] for s in found] == [definition["taskDefinitionArn"]], found
        started = ecs.run_task(**simulation)
        assert len(started["tasks"]) == 1 and not started["failures"], started


def covers(policy, action, resource):
    """Whether a statement allows the action on the resource."""
    for statement, allowed in actions_of(policy):
        resources = statement["Resource"]
        resources = [resources] if isinstance(resources, str) else resources
        if allowed == action and any(fnmatch.fnmatchcase(resource, pattern) for pattern in resources):
            return True
    return False


def secrets_can_be_read(task, policy):
    for secret in task["containerDefinitions"][0]["secrets"]:
        reference = secret["valueFrom"]
        action = "ssm:GetParameters" if ":ssm:" in reference else "secretsmanager:GetSecretValue"
        arn = ":".join(reference.split(":")[:7]) if ":secretsmanager:" in reference else reference
        if not covers(policy, action, arn):
            raise AssertionError(f"the execution role can't read {secret['name']}")


def no_secret_in_the_clear(task):
    container = task["containerDefinitions"][0]
    for entry in container["environment"]:
        if re.search(r"KEY|SECRET|TOKEN|PASSWORD|ACCOUNT|URL", entry["name"]):
            raise AssertionError(f"{entry['name']} belongs to `secrets`")


def one_engine(service):
    deployment = service["deploymentConfiguration"]
    if service["desiredCount"] != 1 or deployment["maximumPercent"] != 100 or deployment["minimumHealthyPercent"] != 0:
        raise AssertionError("two tasks of one account must never run at once")


def workflow_rules(text):
    import yaml

    flow = yaml.safe_load(text)
    if flow.get("permissions") != {"contents": "read"}:
        raise AssertionError("permissions of the workflow must be `contents: read`; a job asks for more by itself")
    for name, job in flow["jobs"].items():
        if "timeout-minutes" not in job:
            raise AssertionError(f"{name} has no time-out")
        for step in job["steps"]:
            uses = step.get("uses")
            if uses and not re.fullmatch(r"[\w.-]+/[\w.-]+@(v\d+\.\d+\.\d+|[0-9a-f]{40})", uses):
                raise AssertionError(f"{uses}: pin a full version")
            # Text of strangers (titles, branch names) must not be pasted into a shell.
            if re.search(r"\$\{\{\s*github\.(event|head_ref)", step.get("run", "")):
                raise AssertionError(f"{name}: text from outside in `run`")
            if uses and uses.startswith("actions/checkout@") and step.get("with", {}).get("persist-credentials") is not False:
                raise AssertionError(f"{name}: checkout leaves its token behind")


def compose_rules(paths):
    """Nothing listens beyond loopback, every image has a version, and every variable is explained."""
    import yaml

    explained = (ROOT / "deploy" / ".env.example").read_text()
    for path in paths:
        text = path.read_text()
        document = yaml.safe_load(text)
        for name, service in document["services"].items():
            for port in service.get("ports", []):
                if not str(port).startswith("127.0.0.1:"):
                    raise AssertionError(f"{name}: {port} is open to the network")
            image = service.get("image", "")
            if not image.startswith("${") and image and not re.search(r":v?\d", image):
                raise AssertionError(f"{name}: {image} has no version")
            if service.get("privileged") or "docker.sock" in json.dumps(service):
                raise AssertionError(f"{name}: too many rights")
        for variable in re.findall(r"\$\{(\w+)", text):
            if not re.search(rf"^#? ?{variable}=", explained, re.MULTILINE):
                raise AssertionError(f"{variable} is not in deploy/.env.example")


ROLES = [
    ("fsts-task", "trust-tasks.json", "task-role.json"),
    ("fsts-execution", "trust-tasks.json", "execution-role.json"),
    ("fsts-deploy", "trust-github.json", "deploy-role.json"),
]


def check_workflows():
    folder = ROOT / ".github" / "workflows"
    flows = sorted(folder.glob("*.yml"))
    check("there are workflows", lambda: [f.name for f in flows].index("ci.yml"))
    for flow in flows:
        check(f"schema of {flow.name}", lambda: schema("github-workflows.json", flow))
        check(f"rules of {flow.name}", lambda: workflow_rules(flow.read_text()))
    text = (folder / "ci.yml").read_text()
    must_fail("a wrong workflow", lambda: schema("github-workflows.json", None, text.replace("runs-on:", "runs-at:")))
    must_fail("a workflow with more rights", lambda: workflow_rules(text.replace("contents: read", "contents: write")))
    must_fail("a workflow with a loose action", lambda: workflow_rules(re.sub(r"checkout@\S+", "checkout@main", text)))


def check_compose():
    paths = [ROOT / "deploy" / name for name in ("compose.yaml", "compose.full.yaml")]
    for path in paths:
        check(f"schema of {path.name}", lambda: schema("compose-spec.json", path))
    check("rules of the compose files", lambda: compose_rules(paths))
    text = paths[1].read_text()
    must_fail("a wrong compose file", lambda: schema("compose-spec.json", None, text.replace("image:", "images:")))


def check_aws():
    task, service, simulation = (load(f"{name}.json") for name in ("task-definition", "service", "simulation"))
    check("the task definition fits ECS", lambda: shape("ecs", "RegisterTaskDefinition", task))
    check("the service fits ECS", lambda: shape("ecs", "CreateService", service))
    check("the simulation fits ECS", lambda: shape("ecs", "RunTask", simulation))
    unnamed = without(task, "family")
    unknown = with_(task, True, "containerDefinitions", 0, "readOnly")
    must_fail("a task without a family", lambda: shape("ecs", "RegisterTaskDefinition", unnamed))
    must_fail("a task with an unknown key", lambda: shape("ecs", "RegisterTaskDefinition", unknown))
    check("no secret in the clear", lambda: no_secret_in_the_clear(task))
    leaked = with_(task, [{"name": "FSTS_API_TOKEN", "value": "x"}], "containerDefinitions", 0, "environment")
    must_fail("a secret in the clear", lambda: no_secret_in_the_clear(leaked))
    check("one engine for an account", lambda: one_engine(service))
    must_fail("two engines", lambda: one_engine(with_(service, 2, "desiredCount")))
    check("the execution role reads every secret", lambda: secrets_can_be_read(task, load("execution-role.json")))
    must_fail("a role that reads none", lambda: secrets_can_be_read(task, load("deploy-role.json")))
    check("a local AWS takes it", lambda: rolled_out(task, service, simulation))


def check_policies():
    for role, trust, policy in ROLES:
        document = load(policy)
        check(f"{trust} of {role}", lambda: policy_document(load(trust), True))
        check(f"{policy} is a policy", lambda: policy_document(document, False))
        check(f"actions of {policy}", lambda: known_actions(document))
        check(f"{policy} is narrow", lambda: narrow(document))
    policy = load("task-role.json")
    wide = with_(policy, "*", "Statement", 1, "Resource")
    invented = with_(policy, "s3:ReadEverything", "Statement", 0, "Action")
    effectless = without(policy, "Statement", 0, "Effect")
    must_fail("a policy that is wide", lambda: narrow(wide))
    must_fail("a policy with an invented action", lambda: known_actions(invented))
    must_fail("a policy without an effect", lambda: policy_document(effectless, False))


check_workflows()
check_compose()
check_aws()
check_policies()
print(f"{COUNTS['passed']} passed, {COUNTS['failed']} failed")
sys.exit(COUNTS["failed"] > 0)
