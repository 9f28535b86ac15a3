"""What verifying a bundle came to, check by check, in words and as data."""

from dataclasses import dataclass
from typing import Any

from schemas.codes import CODES

CHECKS: dict[str, tuple[str, str]] = {
    "archive": ("归档为唯一规范形式", "the archive is in its one canonical form"),
    "manifest": ("清单由中心签署", "the manifest is signed"),
    "files": ("文件齐全,摘要相符", "no file is missing, extra or changed"),
    "log": ("每条记录均在日志中", "every entry is in the log under one signed checkpoint"),
    "keys": ("每把签名密钥均有日志登记", "every signing key is registered in the log"),
    "signatures": ("每条消息由其发送方签署", "every message is signed by its sender with a key valid then"),
    "entries": ("每条消息的摘要均在其记录中", "every message's digest stands in its entry, and none is left out"),
    "chain": ("所附原件与编号前后一致", "enclosed originals are identical, ids and nonces consistent"),
}
"""The checks of a bundle in their order, in Chinese and English."""

REFERRAL_CHECKS: dict[str, tuple[str, str]] = {
    "archive": CHECKS["archive"],
    "bundles": ("每个请求的证据包均核验通过", "the bundle of every request verifies"),
    "referral": ("移送清单由中心签署,所列即所附,同属一案", "the referral is signed, lists exactly these bundles, all of one case"),
}
"""The checks of a referral in their order."""

_WORDS: dict[str, tuple[str, str]] = {
    "archive-damaged": ("压缩包有改动或损坏", "the archive was changed or damaged here"),
    "manifest-malformed": ("不是规范的清单", "not a manifest in canonical form"),
    "manifest-signature": ("清单签名不成立", "the manifest's signature does not hold"),
    "manifest-signer": ("签署者不是该中心的有效密钥", "the signer is not a valid key of this hub"),
    "keys-malformed": ("不是密钥集", "not a set of keys"),
    "file-missing": ("缺少该文件", "this file is missing"),
    "file-extra": ("清单中没有该文件", "the manifest does not know this file"),
    "file-changed": ("内容与清单中的摘要不符", "the content differs from its digest in the manifest"),
    "log-key-malformed": ("不是日志公钥", "not the key of a log"),
    "log-other": ("不是所指定的日志", "not the log whose key was given"),
    "checkpoint-other": ("与其他证明的检查点或清单不符", "another checkpoint or place than the manifest or the other proofs have"),
    "entry-malformed": ("不是规范的日志记录", "not a log entry in canonical form"),
    "key-unproven": ("密钥没有相符的日志登记", "no registration in the log agrees with this key"),
    "message-malformed": ("内容不符合规范", "not a message of the contract"),
    "entry-other": ("该记录不含此消息的摘要与编号", "the entry does not hold this message's digest and names"),
    "entry-open": ("该记录所指的消息不在包中", "the entry names a message that is not in the bundle"),
    "copy-other": ("所附原件与包中的消息不一致", "the enclosed original is not the one in the bundle"),
    "request-other": ("不属于该请求", "does not belong to this request"),
    "repeated": ("编号或随机数重复", "an id or nonce stands twice"),
    "case-other": ("不属于所移送的案件或与清单不符", "not of the case that is referred, or not the request that is listed"),
    "cause-missing": ("所引用的消息不在包中", "cites a message that is not in the bundle"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one file."""

    file: str
    code: str
    detail: str = ""

    @property
    def words(self) -> tuple[str, str]:
        """The code in Chinese and English."""
        known = _WORDS.get(self.code)
        if known is None and self.code in CODES:
            known = CODES[self.code].zh, CODES[self.code].en
        return known or ("证明不成立", self.detail or "the proof does not hold")


@dataclass(frozen=True, slots=True)
class Check:
    """One group of checks: `ok` is None when it was not reached, because what it rests on does not hold."""

    name: str
    ok: bool | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All checks in order. `trusted`: the log's key was the caller's, and not the bundle's own."""

    checks: tuple[Check, ...]
    trusted: bool
    request: str | None = None
    export: str | None = None
    messages: int = 0
    log: str | None = None

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for check in self.checks for finding in check.findings)

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "verified": self.ok, "log_key": "given" if self.trusted else "bundle", "request": self.request,
            "export": self.export, "messages": self.messages, "log": self.log,
            "checks": [
                {"check": check.name, "ok": check.ok,
                 "findings": [{"file": finding.file, "code": finding.code, "zh": finding.words[0], "en": finding.words[1]}
                              for finding in check.findings]}
                for check in self.checks
            ],
        }  # fmt: skip

    def lines(self) -> list[str]:
        """The report for people: a line per check, below it what is wrong, and at the end what it is worth."""
        text = []
        for number, check in enumerate(self.checks, 1):
            zh, en = (CHECKS | REFERRAL_CHECKS)[check.name]
            mark = {True: "✓", False: "✕", None: "-"}[check.ok]
            rest = "(未检查 / not reached)" if check.ok is None else ""
            text.append(f"{mark} {number} {zh} / {en}{rest}")
            text += [f"    {one.file}: {one.code} · {one.words[0]} / {one.words[1]}" for one in check.findings]
        if self.export == "operator-offline":
            text.append("! 由运维人员离线导出,此次读取未记入审计日志 / exported offline by an operator; that read is not in the audit log")
        if not self.trusted:
            text.append("! 日志公钥取自本包,只能证明包内自洽;请用 --log-key 指定可信公钥 / the log's key came from the bundle "
                        "itself, so this proves only that the bundle agrees with itself; give the log's key with --log-key")  # fmt: skip
        outcome = "核验通过 / verified" if self.ok else "核验未通过 / NOT verified"
        text.append(f"{outcome}: {self.messages} 条消息 / messages, {self.log}" if self.ok else outcome)
        return text
