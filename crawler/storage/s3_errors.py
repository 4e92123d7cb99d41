"""What an S3-compatible server's errors mean: whether to ask again, and what to tell. No message has a key in it.

What a server says in its own words is not repeated: some put the key that was sent into it. Its code and status are.
"""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    SSLError,
)
from botocore.exceptions import ConnectionError as NotConnectedError
from botocore.parsers import ResponseParserError

REFUSALS = (BotoCoreError, ClientError, ResponseParserError)
"""What a call may end in."""

MISSING = ("404", "NoSuchKey", "NotFound")
EXISTS = ("412", "PreconditionFailed")
FORBIDDEN = ("403", "Forbidden", "AccessDenied")
NOT_IMPLEMENTED = ("501", "NotImplemented")

_AGAIN = frozenset(
    {
        *("SlowDown", "RequestTimeout", "RequestTimeoutException", "InternalError", "ServiceUnavailable", "Throttling"),
        *("ThrottlingException", "RequestLimitExceeded", "TooManyRequests", "OperationAborted"),
        "ConditionalRequestConflict",  # another writer of the same name is at work
        *("BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"),  # damaged on its way
    }
)
_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN where it goes with them)"
_WHAT_TO_DO = {
    "NoSuchBucket": "there is no such bucket: make it, or mend FILES_STORE",
    "InvalidBucketName": "that is no name of a bucket: mend FILES_STORE",
    "InvalidAccessKeyId": f"the server does not know the access key: mend {_KEYS} in the environment",
    "SignatureDoesNotMatch": f"the secret key is not that of the access key: mend {_KEYS} in the environment",
    "InvalidToken": f"the session token does not hold: mend {_KEYS} in the environment",
    "ExpiredToken": f"the session token has expired: renew {_KEYS} in the environment",
    "RequestTimeTooSkewed": "this machine's clock and the server's differ: set the clock (NTP)",
    "AccessDenied": "the key may not do that: it needs GetObject, PutObject and ListBucket on the bucket",
    "PermanentRedirect": "the bucket is in another region: set AWS_DEFAULT_REGION",
    "AuthorizationHeaderMalformed": "the bucket is in another region: set AWS_DEFAULT_REGION",
    "QuotaExceeded": "the bucket is full: raise its quota",
}


def code_of(error: BaseException) -> str:
    """The server's code, or its status where it gave none; empty where it was no answer of the server."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def is_transient(error: BaseException) -> bool:
    """Whether the same may well succeed in a while."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in _AGAIN or status == 429 or (status >= 500 and code_of(error) not in NOT_IMPLEMENTED)
    if isinstance(error, SSLError):
        return False
    kinds = (HTTPClientError, NotConnectedError, IncompleteReadError, ChecksumError, ResponseParserError)
    return isinstance(error, kinds)


def short(error: BaseException) -> str:
    """The error's name: the server's code, or the kind of failure."""
    return code_of(error) or type(error).__name__


def reason(error: BaseException) -> str:
    """What it was and what to do."""
    if isinstance(error, ClientError):
        code = code_of(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
        shown = f"{code}, status {status}" if code != str(status) else f"status {status}"
        if code in FORBIDDEN[:2]:
            return f"{_WHAT_TO_DO['AccessDenied']}, or it is wrong ({shown})"
        return f"{_WHAT_TO_DO[code]} ({shown})" if code in _WHAT_TO_DO else f"the server refused ({shown})"
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return f"no key: set {_KEYS} in the environment"
    if isinstance(error, NoRegionError | InvalidRegionError):
        return "set AWS_DEFAULT_REGION to the bucket's region"
    if isinstance(error, SSLError):
        return (
            "the server's certificate was not accepted: mend AWS_ENDPOINT_URL_S3, or name its authority's file in AWS_CA_BUNDLE"
        )
    if is_transient(error):
        return (
            f"the server does not answer ({type(error).__name__}): see whether AWS_ENDPOINT_URL_S3 is right and the server runs"
        )
    return f"the request could not be made ({type(error).__name__})"
