"""What libraries and names say about the kind of a mock."""

import re
from enum import StrEnum


class Kind(StrEnum):
    """What a mock stands in for."""

    UNIT = "unit under test"
    SETTINGS = "settings"
    TIME = "time"
    FILES = "file system"
    QUEUE = "queue"
    DATABASE = "database"
    EXTERNAL = "external API"
    MODEL = "model loading"
    SERVICE = "service"
    OTHER = "other"
    UNKNOWN = "unknown"


LIBRARIES: dict[Kind, str] = {
    Kind.TIME: """
        time datetime zoneinfo sched threading.Timer asyncio.sleep anyio.sleep trio.sleep django.utils.timezone pendulum
        arrow dateutil pytz tenacity backoff freezegun time_machine celery.utils.time gevent.sleep eventlet.sleep
    """,
    Kind.SETTINGS: """
        os.environ os.getenv os.putenv sys.argv django.conf django.test.override_settings dotenv pydantic_settings dynaconf
        decouple environ configparser argparse constance waffle flagsmith openfeature ldclient oslo_config click.get_current_context
    """,
    Kind.FILES: """
        builtins.open io.open os.path os.remove os.unlink os.rename os.replace os.mkdir os.makedirs os.rmdir os.removedirs
        os.listdir os.scandir os.walk os.stat os.lstat os.chmod os.chown os.access os.getcwd os.chdir os.link os.symlink
        os.readlink os.open os.fdopen os.utime os.truncate os.fsync os.statvfs os.getcwd() pathlib shutil tempfile glob zipfile
        tarfile gzip fcntl aiofiles fsspec django.core.files fileinput linecache mmap importlib.resources pkgutil.get_data
    """,
    Kind.QUEUE: """
        celery kombu amqp pika aio_pika kafka aiokafka confluent_kafka rq django_rq rq_scheduler dramatiq huey arq taskiq nats
        faststream channels.layers google.cloud.pubsub google.cloud.pubsub_v1 google.cloud.tasks google.cloud.tasks_v2
        azure.servicebus azure.eventhub azure.storage.queue queue multiprocessing.Queue asyncio.Queue apscheduler
        django_celery_beat procrastinate pyramid_mailer.queue zmq paho
    """,
    Kind.DATABASE: """
        sqlalchemy sqlmodel alembic psycopg psycopg2 psycopg_pool asyncpg aiosqlite sqlite3 django.db django.core.cache
        django.contrib.sessions django_redis pymongo motor mongoengine beanie odmantic peewee tortoise redis aioredis coredis
        rediscluster pymemcache memcache aiocache cachetools dogpile elasticsearch elasticsearch_dsl elastic_transport
        opensearchpy opensearch_dsl meilisearch typesense pysolr whoosh tantivy mysql pymysql MySQLdb aiomysql cx_Oracle
        oracledb pyodbc cassandra neo4j duckdb clickhouse_driver clickhouse_connect influxdb influxdb_client
        google.cloud.bigquery google.cloud.firestore google.cloud.spanner google.cloud.datastore snowflake databricks pyhive
        pyathena trino prestodb chromadb qdrant_client pinecone weaviate pymilvus lancedb faiss pgvector haystack_integrations
        sqlitedict tinydb rest_framework.authtoken flask_sqlalchemy django_pglocks databases gino pony fakeredis zope.sqlalchemy
    """,
    Kind.EXTERNAL: """
        requests httpx httpx2 httpcore aiohttp urllib.request urllib3 http.client socket ssl smtplib aiosmtplib imaplib
        imap_tools poplib ftplib telnetlib paramiko asyncssh websocket websockets grpc boto3 botocore aioboto3 aiobotocore
        s3transfer s3fs google googleapiclient azure msal openai anthropic cohere mistralai litellm groq ollama replicate
        stripe braintree paypalrestsdk adyen twilio sendgrid mailgun postmarker mailchimp_marketing slack_sdk slack_bolt slack
        telegram telebot discord github githubkit gitlab jira sentry_sdk datadog ldap ldap3 hvac kubernetes docker
        requests_oauthlib oauthlib authlib social_core social_django firebase_admin zeep suds feedparser yt_dlp dns
        whois geoip2 django.core.mail analytics posthog segment mixpanel zenpy apprise hubspot simple_salesforce shodan vt pyvirustotal
        playwright selenium pyppeteer nmap git.Repo.clone_from atlassian plaid openfga statsd opentelemetry newrelic
        pydrive shopify tweepy facebook xmlrpc httplib2 pycurl gspread O365 exchangelib cloudflare pyfcm onesignal webpush embedly edx_ace contentful
        pywebpush langchain_openai langchain_anthropic langchain_google_genai llama_index.llms dulwich vonage nexmo launchdarkly requests_toolbelt censys pymisp thehive4py pyzeebe temporalio tavily serpapi
    """,
    Kind.MODEL: """
        torch torchvision torchaudio transformers sentence_transformers tensorflow keras spacy whisper faster_whisper
        onnxruntime onnx joblib sklearn xgboost lightgbm catboost vllm llama_cpp ctranslate2 huggingface_hub diffusers fasttext
        gensim nltk easyocr peft accelerate timm ultralytics paddleocr paddle sagemaker_inference optimum unstructured_inference fastembed stanza
        flair llama_index.embeddings langchain_huggingface jax flax mlflow.pyfunc shap bitsandbytes tokenizers tiktoken sentencepiece pyannote
    """,
}
BY_LIBRARY = {name: kind for kind, names in LIBRARIES.items() for name in names.split()}

QUEUE_CALLS = {"delay", "apply_async", "si", "send_task", "enqueue", "apply_async_on_commit", "delay_on_commit"}
"""Methods of a task that put it into a queue."""

ROW_CALLS = {
    "save", "delete", "objects", "refresh_from_db", "full_clean", "query", "asave", "adelete", "bulk_create", "select_for_update",
}  # fmt: skip
"""Attributes of a model of an ORM that talk to the database."""

SESSION_CALLS = {
    "commit", "rollback", "flush", "execute", "scalars", "scalar", "refresh", "begin_nested", "expunge", "query", "fetchall",
    "fetchone", "fetchrow", "scalar_one_or_none", "scalar_one", "cursor", "hget", "hset", "hgetall", "setex", "expire",
    "filter", "filter_by", "all", "first",
}  # fmt: skip
RESPONSE_CALLS = {"status_code", "json", "raise_for_status", "headers", "iter_content", "iter_lines", "aiter_lines"}


def library_kind(full: str) -> Kind:
    """Return the kind of what a library defines, by the longest part of its full name that is known."""
    parts = full.replace("()", "").split(".")
    for count in range(len(parts), 0, -1):
        if kind := BY_LIBRARY.get(".".join(parts[:count])):
            return kind
    return Kind.OTHER


WRAPPERS: tuple[tuple[Kind, str], ...] = (
    (Kind.TIME, "now utcnow clock sleep monotonic"),
    (Kind.QUEUE, "queue producer broker publisher celery amqp pubsub kafka rabbitmq eventbus"),
    (
        Kind.DATABASE,
        "db database repository repositories dao redis cache cassandra mongo elasticsearch opensearch queryset "
        "dbsession memcached postgres sqlalchemy cosmos dynamodb vectorstore",
    ),
    (
        Kind.EXTERNAL,
        "client http https gateway sdk webhook smtp mailer s3 slack twilio openai stripe sendgrid bedrock anthropic github "
        "gitlab jira ldap gcs boto boto3 socket websocket recaptcha paypal ssh grpc saml",
    ),
    (Kind.SETTINGS, "settings setting config conf configuration env environ"),
    (Kind.FILES, "storage filesystem fs localfs"),
    (Kind.MODEL, "tokenizer embedder sentencetransformer"),
)
"""Words in names of code that stands between a program and what it talks to."""

PUTS_INTO_QUEUE = re.compile(r"_*(enqueue|publish)(_\w+)?")
LOADS_MODEL = re.compile(
    r"_?(load|get|download|init|create|build)_(\w+_)?(model|tokenizer|pipeline|embedder|encoder|weights|classifier)s?"
)
MODEL_WORDS = {
    "model",
    "models",
    "tokenizer",
    "pipeline",
    "embedding",
    "embeddings",
    "encoder",
    "processor",
    "classifier",
}
"""Words that mean a trained model where the code imports a library for models."""

STORES = {"session", "cursor", "connection", "conn"}
"""Words for what talks to a database in some code, and to a server, a browser or a reader in other code."""

ANY_CLIENT = {"client", "http", "https", "sdk", "gateway"}
"""Words that say less than others in the same name."""

NAMES: tuple[tuple[Kind, str], ...] = (
    *WRAPPERS,
    (Kind.TIME, "time datetime timer today timezone"),
    (Kind.QUEUE, "task tasks consumer enqueue job jobs"),
    (Kind.DATABASE, "transaction dbsession"),
    (
        Kind.EXTERNAL,
        "response resp api mail email sms bucket blob server requests urlopen download upload",
    ),
    (Kind.FILES, "file files path fp dir directory folder"),
)
"""Words in names of mocks of which nothing else is known."""


def by_word(table: tuple[tuple[Kind, str], ...]) -> dict[str, Kind]:
    """Return the kind of each word."""
    return {word: kind for kind, known in table for word in known.split()}


OF_WRAPPERS = by_word(WRAPPERS)
OF_NAMES = by_word(NAMES)
PLAIN = {
    "request",
    "req",
    "user",
    "obj",
    "object",
    "event",
    "message",
    "msg",
    "context",
    "ctx",
    "args",
    "kwargs",
    "logger",
    "log",
    "callback",
    "cb",
    "func",
    "fn",
    "item",
    "data",
    "value",
    "record",
    "result",
    "form",
    "query",
    "alert",
    "order",
    "payment",
    "flow",
    "state",
    "info",
    "app",
    "row",
    "instance",
    "document",
    "product",
    "account",
}
"""Words in names of objects and functions that a test hands over."""


def words(name: str) -> list[str]:
    """Return the words of a name in lower case: `mockHttpClient` and `mock_http_client` have `http` and `client`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word and word not in ("mock", "mocked", "fake")]


def last_word(name: str) -> str:
    """Return the last word of a name, or an empty text."""
    return (words(name) or [""])[-1]


def name_kind(name: str, table: dict[str, Kind]) -> Kind | None:
    """Return the kind that the last telling word of a name shows, or None. A `redis_client` is more than a client."""
    known = [word for word in reversed(words(name)) if word in table]
    telling = [word for word in known if word not in ANY_CLIENT] or known
    return table[telling[0]] if telling else None
