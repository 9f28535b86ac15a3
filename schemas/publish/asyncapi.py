"""The AsyncAPI 3.0 document: which topics there are, who sends what into which, and how it is signed."""

from typing import Any

from schemas.envelope import CONTENT_TYPE, VALUE_LIMIT
from schemas.publish.json_schemas import FAMILIES, Family

Data = dict[str, Any]

STATEMENTS = (
    "case-statement", "case-disposal", "case-objection", "case-objection-decision", "case-handover", "case-review",
    "case-certificate-request", "case-drafts-request", "case-reading", "case-register-request", "entrust-request", "entrust-step",
    "lead-submission", "lead-verdict",
)  # fmt: skip
REQUESTS = ("inquiry-request", "control-request", "locate-request", "notice-request", *STATEMENTS)
REPLIES = ("receipt", "reply", "locate-hit", "lead-submission", "case-objection")
TASKS = ("task", "nudge", "noted", "refusal", "matter", "party-rejection")
RESULTS = (
    "acceptance", "refusal", "result", "non-response", "conclusion", "noted", "case-event", "matter", "case-certificate",
    "case-drafts", "case-lift-certificate", "case-register", "party-rejection",
)  # fmt: skip

_SUMMARIES = {
    "inquiry-request": "协助查询请求 Which assets has this subject?",
    "control-request": "控制请求(冻结、查封、续行、解除、扣划等) Control of one asset",
    "notice-request": "限制措施通知 A restriction, or its lift",
    "case-statement": "案件情况 The case as it stands now",
    "case-disposal": "财产处置 An asset under a measure has been disposed of",
    "case-objection": "异议 Somebody contests a measure",
    "case-objection-decision": "异议审查结果 The court's decision on an objection",
    "case-handover": "移交 What became of a watch hit",
    "case-review": "终本审查 What the court makes of a re-inquiry's finding",
    "case-certificate-request": "申请穷尽措施证明 Asks for the completeness certificate",
    "case-drafts-request": "申请后续请求草稿 Asks for drafts of what a conclusion lets a court ask next",
    "case-reading": "查阅留痕 An officer looks at answers, and why",
    "case-register-request": "查询登记 Who inquired about one subject, for oversight",
    "entrust-request": "委托事项 One court asks another to act for it",
    "entrust-step": "受托进展 What the entrusted court does with it",
    "lead-submission": "执行线索 What somebody knows of a debtor's assets or whereabouts",
    "lead-verdict": "线索核查结果 What the court found",
    "noted": "已登记 What was said is registered",
    "case-event": "案件动态 Something needs a person, or has changed by itself",
    "nudge": "催办 A partner is reminded of a task that it has not answered",
    "matter": "转送 An entrusted matter, a lead, an objection, or what came of them, passed on",
    "case-certificate": "穷尽措施证明 Every required partner has answered explicitly",
    "case-drafts": "后续请求草稿 Drafts of what a court may sign next, each with the reply that gives reason for it",
    "case-lift-certificate": "解除证明 Every measure of a performed case has ended, with proof",
    "case-register": "查询登记 The register of inquiries about one subject",
    "locate-request": "查人找物请求 Information, watch or road control",
    "task": "协助任务 One partner's part of a request, with the court's own signed message inside",
    "receipt": "签收 The partner has the task; its reply clock starts",
    "reply": "反馈 One of six business answers; none is ever retried",
    "locate-hit": "命中 A watch or a road control has found whom or what it waits for",
    "acceptance": "立案登记 The request is registered and these partners are asked",
    "refusal": "不予登记 The request lacks what the law or an agreement asks for",
    "result": "结果转送 A partner's own signed message, passed on",
    "non-response": "逾期未反馈 Silence as a signed, dated fact; never 'nothing found'",
    "conclusion": "办结 The one end of an accepted request; it never changes",
    "party-rejection": "退件 The message could not be taken in; nothing of it was done",
}

_DESCRIPTION = f"""\
Courts send signed requests; the hub checks their legal basis and asks partners; partners answer; courts get what
partners signed. 法院发出签名请求,中心核验法律依据后转各协作单位,各单位签名反馈,中心原样转送法院。

Every value is a CloudEvents 1.0 event in structured JSON of at most {VALUE_LIMIT} bytes (documents included), a task or a
result excepted, which carries another party's whole message in base64. The value's exact bytes are signed: header `jws`
holds a detached JWS (RFC 7515 appendix F, RFC 7797 with b64=false, alg Ed25519 of RFC 9864, kid as registered). To a party
that is registered with batch_signatures it may hold a batch signature: JWS ~ index ~ path, where the JWS signs the three
lines "liandong-batch-v1", number of leaves, and base64 of the root of an RFC 6962 tree over the messages' SHA-256 digests,
path is the base64url of the sibling hashes from the leaf up, and the number of leaves is two to the power of their count;
the hub takes either form from anybody. Other headers are hints. Messages of one case carry the case token as record key. On a shared cluster a prefix may stand before
every topic.

`vectors.json` holds test keys, exact bytes and signatures, good and bad, with the code that each bad one is answered
with; `error-codes.json` all codes; `examples/` one message of each type. Version 1 only ever gains optional members; a
message with an unknown member is refused.
"""


def asyncapi() -> Data:
    """The document, as seen from the hub: what it sends and what it receives."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Liandong Hub 执行联动中心", "version": "1.0.0", "description": _DESCRIPTION},
        "defaultContentType": CONTENT_TYPE,
        "servers": {"kafka": {
            "host": "{host}:{port}",
            "protocol": "kafka",
            "description": "Every agency has a Kafka user of its own, which can reach its own topics only.",
            "variables": {"host": {"default": "127.0.0.1"}, "port": {"default": "9092"}},
            "security": [{"$ref": "#/components/securitySchemes/scram"}],
        }},
        "channels": {
            "requests": _channel("hub.requests.v1", "Requests of all courts", REQUESTS),
            "tasks": _channel("hub.tasks.{partner}.v1", "What one partner is asked", TASKS, partner="vehicle"),
            "replies": _channel("hub.replies.v1", "Receipts, replies and hits of all partners", REPLIES),
            "results": _channel("hub.results.{court}.v1", "What became of one court's requests", RESULTS, court="court-9901"),
            "deadLetters": _channel("hub.dead-letters.v1", "What could not be taken in, as it came", ("dead-letter",)),
            "checkpoints": _channel("hub.checkpoints.v1", "Signed heads of the audit log, about once a second", ("checkpoint",)),
        },
        "operations": {
            "takeRequests": _operation("receive", "requests", "court", "hub", "A court asks."),
            "sendTasks": _operation("send", "tasks", "hub", "partner", "The hub asks a partner, or rejects what it sent."),
            "takeReplies": _operation("receive", "replies", "partner", "hub", "A partner answers."),
            "sendResults": _operation("send", "results", "hub", "court", "The hub tells a court all that comes of its requests."),
            "setAside": _operation("send", "deadLetters", "hub", "hub", "The hub keeps for a person what no retry can save."),
            "announceCheckpoints": _operation("send", "checkpoints", "hub", "everyone", "The hub commits to its audit log."),
        },
        "components": {
            "messages": {family.name: _message(family) for family in FAMILIES} | _UNSIGNED,
            "messageTraits": {"signed": _SIGNED},
            "securitySchemes": {"scram": {"type": "scramSha512", "description": "User name: the party's id."}},
        },
    }  # fmt: skip


def _channel(address: str, title: str, messages: tuple[str, ...], **parameters: str) -> Data:
    channel: Data = {
        "address": address,
        "title": title,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }
    if parameters:
        channel["parameters"] = {
            name: {"description": f"The {name}'s party id", "examples": [example]}
            for name, example in parameters.items()
        }
    return channel


def _operation(action: str, channel: str, sender: str, receiver: str, summary: str) -> Data:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "x-sender": sender,
        "x-receiver": receiver,
    }


def _message(family: Family) -> Data:
    return {
        "name": family.name,
        "summary": _SUMMARIES[family.name],
        "traits": [{"$ref": "#/components/messageTraits/signed"}],
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{family.name}.schema.json"},
        },
        "x-types": list(family.types),
        "x-examples": [f"./examples/{name}.json" for name in family.types],
    }


_SIGNED: Data = {
    "contentType": CONTENT_TYPE,
    "headers": {
        "type": "object",
        "required": ["jws"],
        "properties": {
            "content-type": {"type": "string", "const": CONTENT_TYPE},
            "jws": {
                "type": "string",
                "description": "Detached JWS over the value's exact bytes, or a batch signature; exactly one such header.",
                "pattern": r"^[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]{86}(~[0-9]{1,4}~[A-Za-z0-9_-]{43,512})?$",
            },
            "traceparent": {
                "type": "string",
                "description": "W3C trace context, where the sender has one.",
                "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
            },
        },
    },
    "correlationId": {"description": "The request that all of this is about", "location": "$message.payload#/correlationid"},
    "bindings": {"kafka": {
        "key": {"type": "string", "pattern": "^[0-9a-f]{32}$", "description": "The case token, equal to `subject`."},
        "bindingVersion": "0.5.0",
    }},
}  # fmt: skip

_UNSIGNED: dict[str, Data] = {
    "dead-letter": {
        "name": "dead-letter",
        "summary": "死信 The record's key and value as they came, with headers that tell where from and why",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "properties": {
                "kafka_dlt-original-topic": {"type": "string"},
                "kafka_dlt-original-partition": {"type": "string"},
                "kafka_dlt-original-offset": {"type": "string"},
                "kafka_dlt-original-timestamp": {"type": "string", "description": "Milliseconds since 1970"},
                "kafka_dlt-exception-fqcn": {"type": "string", "description": "The error code"},
                "kafka_dlt-exception-message": {"type": "string"},
                "hub-error-class": {"type": "string", "enum": ["permanent", "poison", "expired"]},
                "hub-stage": {"type": "string"},
            },
        },
        "payload": {"description": "Any bytes"},
    },
    "checkpoint": {
        "name": "checkpoint",
        "summary": "检查点 A signed tree head (c2sp.org/tlog-checkpoint)",
        "contentType": "text/plain; charset=utf-8",
        "payload": {"type": "string"},
    },
}
