import importlib.metadata
import pickle

import sqlalchemy
from sqlalchemy import ForeignKey, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list["Book"]] = relationship(back_populates="author", order_by="Book.title")


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add(Author(name="Melville", books=[Book(title="Moby-Dick"), Book(title="Billy Budd")]))
    session.add(Author(name="Brontë", books=[Book(title="Jane Eyre")]))
    session.commit()
    query = select(Author.name, func.count(Book.id)).join(Book).group_by(Author.id).order_by(Author.name)
    print([tuple(row) for row in session.execute(query)])
    melville = session.scalars(select(Author).where(Author.name.like("M%"))).one()
    print([book.title for book in melville.books])
    print([book.title for book in pickle.loads(pickle.dumps(melville)).books])
print(sqlalchemy.inspect(engine).get_table_names(), engine.dialect.driver)
# Whether its compiled modules are used.
from sqlalchemy.util import has_compiled_ext

print(has_compiled_ext(), importlib.metadata.version("sqlalchemy") == sqlalchemy.__version__)
