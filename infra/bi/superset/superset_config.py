# For trying the bundle only: a Superset with its own database in a folder of the cache, that nobody else reaches.
import os

SECRET_KEY = os.environ["SUPERSET_TRIAL_KEY"]
SQLALCHEMY_DATABASE_URI = "sqlite:///" + os.path.join(os.environ["SUPERSET_HOME"], "superset.db")
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
