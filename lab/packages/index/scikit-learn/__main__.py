import importlib.metadata
import pickle

import sklearn
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

iris = load_iris()
print(iris.data.shape, [str(name) for name in iris.target_names], iris.DESCR.splitlines()[2])
train, test, train_target, test_target = train_test_split(iris.data, iris.target, random_state=0)
for classifier in [LogisticRegression(), RandomForestClassifier(20, random_state=0), SVC()]:
    model = make_pipeline(StandardScaler(), classifier).fit(train, train_target)
    again = pickle.loads(pickle.dumps(model))
    print(type(classifier).__name__, model.score(test, test_target) > 0.9, (again.predict(test) == model.predict(test)).all())
print(sorted(KMeans(3, n_init=2, random_state=0).fit(iris.data).labels_)[-1], load_digits().images.shape)
print("<style>" in model._repr_html_())
print(importlib.metadata.version("scikit-learn") == sklearn.__version__)
